//! `budgets:` and `limits:` of the project.

use std::collections::BTreeSet;
use std::sync::Arc;

use gatemark_core::budget::{Budget, OnExceed};
use gatemark_core::limit::{Limit, MOST_PER_MINUTE};
use gatemark_core::money::NanoUsd;
use gatemark_core::scope::Scope;
use gatemark_core::window::{Window, Zone};

use super::node::{Node, Value};
use super::problems::Problems;
use super::reader::{Fields, items, shown};
use super::{scope, typed};

/// Every call looks at each of them.
const MOST: usize = 256;

/// Reads the list of budgets; those with mistakes are reported and left out.
pub(super) fn budgets(node: &Node, problems: &mut Problems) -> Vec<Arc<Budget>> {
    let mut names = BTreeSet::new();
    let mut found = vec![];
    for node in bounded(node, "`budgets`", problems) {
        let Some(budget) = budget(node, problems) else { continue };
        if !names.insert(budget.name.clone()) {
            let message = format!("there are two budgets named `{}`", shown(&budget.name));
            problems.error(&node.spot, message, "rename one of the two");
        }
        found.push(Arc::new(budget));
    }
    found
}

fn bounded<'n>(node: &'n Node, what: &str, problems: &mut Problems) -> &'n [Node] {
    let list = items(node, what, problems).unwrap_or_default();
    if list.len() > MOST {
        let message = format!("{what} may hold at most {MOST}");
        problems.error(&node.spot, message, "a scope with \"*\" has a budget for each value");
    }
    list.get(..MOST).unwrap_or(list)
}

fn budget(node: &Node, problems: &mut Problems) -> Option<Budget> {
    let before = problems.errors();
    let mut fields = Fields::open(node, "a budget", problems)?;
    let name = fields.required("name", problems);
    let name = name.and_then(|node| name_of(node, problems));
    let scope = fields.get("scope", problems);
    let scope = scope.map_or(Some(Scope::default()), |node| scope::read(node, problems));
    let amount = fields.required("amount_usd", problems);
    let amount = amount.and_then(|node| amount_of(node, problems));
    let window = fields.required("window", problems);
    let window = window.and_then(|node| typed::word(node, "`window`", &Window::WORDS, problems));
    let zone = fields.get("time_zone", problems);
    let zone = zone.map_or(Some(Zone::utc()), |node| zone_of(node, problems));
    let warn_at = fields.get("warn_at", problems);
    let warn_at = warn_at.map(|node| levels(node, problems)).unwrap_or_default();
    let on_exceed = fields.get("on_exceed", problems);
    let on_exceed = on_exceed.map_or(Some(OnExceed::Stop), |node| {
        typed::word(node, "`on_exceed`", &OnExceed::WORDS, problems)
    });
    fields.close(problems);
    if problems.errors() != before {
        return None;
    }
    Some(Budget {
        name: name?,
        scope: scope?,
        amount: amount?,
        window: window?,
        zone: zone?,
        warn_at,
        on_exceed: on_exceed?,
    })
}

/// Names are metric labels and parts of a header.
fn name_of(node: &Node, problems: &mut Problems) -> Option<String> {
    let name = typed::words(node, "`name`", problems)?;
    let fits =
        name.len() <= 64 && name.bytes().all(|c| c.is_ascii_alphanumeric() || b"_.-".contains(&c));
    if !fits {
        let message = format!("the budget's name `{}` does not fit", shown(name));
        problems.error(&node.spot, message, "use 1 to 64 letters, digits, `_`, `.` or `-`");
        return None;
    }
    Some(name.to_string())
}

fn amount_of(node: &Node, problems: &mut Problems) -> Option<NanoUsd> {
    let amount = typed::money(node, "`amount_usd`", problems)?;
    if amount == NanoUsd::ZERO {
        problems.error(&node.spot, "`amount_usd` must be more than nothing", "change the number");
        return None;
    }
    Some(amount)
}

fn zone_of(node: &Node, problems: &mut Problems) -> Option<Zone> {
    let name = typed::words(node, "`time_zone`", problems)?;
    let zone = Zone::named(name);
    if zone.is_none() {
        let message = format!("there is no time zone `{}`", shown(name));
        problems.error(
            &node.spot,
            message,
            "write its name in the IANA database, e.g. Europe/Berlin",
        );
    }
    zone
}

fn levels(node: &Node, problems: &mut Problems) -> Vec<u32> {
    const WHOLE: f64 = 1_000_000.0;
    let mut found = vec![];
    for node in items(node, "`warn_at`", problems).unwrap_or_default() {
        let Some(share) = typed::share(node, "a level of `warn_at`", problems) else { continue };
        // A share is from 0 to 1, so this fits.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        found.push((share * WHOLE).round() as u32);
    }
    found.sort_unstable();
    found
}

/// Reads the list of limits; those with mistakes are reported and left out.
pub(super) fn limits(node: &Node, problems: &mut Problems) -> Vec<Arc<Limit>> {
    let mut scopes = BTreeSet::new();
    let mut found = vec![];
    for node in bounded(node, "`limits`", problems) {
        let Some(limit) = limit(node, problems) else { continue };
        if !scopes.insert(limit.scope.clone()) {
            let message = format!("there are two limits for {}", shown(&limit.scope.shown()));
            problems.error(&node.spot, message, "write them as one");
            continue;
        }
        found.push(Arc::new(limit));
    }
    found
}

fn limit(node: &Node, problems: &mut Problems) -> Option<Limit> {
    let before = problems.errors();
    let mut fields = Fields::open(node, "a limit", problems)?;
    let scope = fields.get("scope", problems);
    let scope = scope.map_or(Some(Scope::default()), |node| scope::read(node, problems));
    let mut count = |name, what, most| {
        let node = fields.get(name, problems)?;
        typed::whole(node, what, (1, most), problems)
    };
    let requests = count("requests_per_minute", "`requests_per_minute`", MOST_PER_MINUTE);
    let tokens = count("tokens_per_minute", "`tokens_per_minute`", MOST_PER_MINUTE);
    let concurrency = count("concurrency", "`concurrency`", 1_000_000);
    fields.close(problems);
    if requests.or(tokens).or(concurrency).is_none()
        && problems.errors() == before
        && node.value != Value::Broken
    {
        let hint = "add `requests_per_minute`, `tokens_per_minute` or `concurrency`";
        problems.error(&node.spot, "a limit must bound something", hint);
    }
    if problems.errors() != before {
        return None;
    }
    Some(Limit {
        scope: scope?,
        requests_per_minute: requests,
        tokens_per_minute: tokens,
        concurrency,
    })
}
