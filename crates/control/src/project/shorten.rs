//! `truncate`, `priority` and `order`: what a part may lose when a request is too long.

use gatemark_core::context::{Order, PRIORITIES, Truncate};
use gatemark_core::variable::VariableType;

use super::problems::Problems;
use super::reader::Fields;
use super::source::Spot;
use super::typed;

const TRUNCATE: [(&str, Option<Truncate>); 5] = [
    ("head", Some(Truncate::Head)),
    ("tail", Some(Truncate::Tail)),
    ("middle", Some(Truncate::Middle)),
    ("sentence", Some(Truncate::Sentence)),
    ("none", None),
];
const ORDERS: [(&str, Option<Order>); 2] = [("given", None), ("edges", Some(Order::Edges))];

/// `truncate`; `none` is the same as nothing.
pub(super) fn truncate(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Truncate> {
    let node = fields.get("truncate", problems)?;
    typed::word(node, "`truncate`", &TRUNCATE, problems)?
}

/// `priority`, which means something only for parts that may be cut.
pub(super) fn priority(
    fields: &mut Fields<'_>,
    truncate: Option<Truncate>,
    problems: &mut Problems,
) -> Option<u8> {
    let node = fields.get("priority", problems)?;
    let bounds = (u64::from(PRIORITIES.0), u64::from(PRIORITIES.1));
    let priority = typed::whole(node, "`priority`", bounds, problems)?;
    if truncate.is_none() {
        let message = "`priority` without `truncate` says nothing: such a part is never cut";
        problems.error(&node.spot, message, "add `truncate`, or remove `priority`");
    }
    u8::try_from(priority).ok()
}

/// `order` of a list.
pub(super) fn order(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Order> {
    let node = fields.get("order", problems)?;
    typed::word(node, "`order`", &ORDERS, problems)?
}

/// Reports what does not go with the variable's type.
pub(super) fn suits(
    kind: &VariableType,
    (truncate, order): (Option<Truncate>, Option<Order>),
    spot: &Spot,
    problems: &mut Problems,
) {
    let is_list = *kind == VariableType::List;
    if truncate.is_some() && !is_list && *kind != VariableType::String {
        let message = format!("a variable of type {} cannot be cut", kind.word());
        problems.error(spot, message, "remove `truncate`: only strings and lists can lose a part");
    }
    if truncate == Some(Truncate::Sentence) && is_list {
        let message = "a list has no sentences: it loses whole items";
        problems.error(spot, message, "write `truncate: head`, `tail` or `middle`");
    }
    if order.is_some() && !is_list {
        let message = format!("`order` is for lists, and this is of type {}", kind.word());
        problems.error(spot, message, "remove `order`, or write `type: list`");
    }
}
