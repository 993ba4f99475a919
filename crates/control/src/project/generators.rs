//! `generate:` of a suite: cases made from the written ones when the suite is read, so that what is
//! registered, hashed and tested is a list of plain cases.

use gatemark_core::suite::Case;
use gatemark_core::variable::{Trust, VariableType};

use crate::generate::{self, Kind, LONGEST, MOST, MOST_CHARACTERS, Plan, USUAL_LENGTH};

use super::case::Traits;
use super::case_list::{Gathered, MOST_CASES, Surroundings};
use super::checks::{self, Checks};
use super::node::Node;
use super::problems::Problems;
use super::reader::{Fields, items, shown};
use super::source::Spot;
use super::typed;
use super::variables::Declared;

/// Adds the cases that the generators in `node` make from those gathered so far; none is made from
/// another's.
pub(super) fn read(
    node: &Node,
    around: &Surroundings<'_>,
    gathered: &mut Gathered,
    problems: &mut Problems,
) {
    let Some(list) = items(node, "`generate`", problems) else { return };
    let written = gathered.cases.len();
    for node in list {
        let before = problems.errors();
        let bases = gathered.cases.get(..written).unwrap_or_default();
        let Some((plan, from)) = plan(node, bases, around, problems) else { continue };
        if problems.errors() != before || around.declared.is_none_or(|known| !known.complete) {
            continue;
        }
        let chosen: Vec<&Case> = bases.iter().filter(|case| from.admits(case)).collect();
        let made = generate::cases(&plan, &chosen);
        tell_of_too_few(&made, &plan, chosen.len(), &node.spot, problems);
        for case in made {
            gathered.push(case, node.spot.clone());
        }
    }
    if gathered.cases.len() > MOST_CASES {
        let message = format!("with the generated ones there are more than {MOST_CASES} cases");
        problems.error(&node.spot, message, "lower `count`");
    }
}

fn tell_of_too_few(made: &[Case], plan: &Plan, bases: usize, spot: &Spot, problems: &mut Problems) {
    let kind = plan.kind.word();
    if made.is_empty() {
        let message = format!("`{kind}` makes no case of the {bases} cases it starts from");
        let hint = match plan.kind {
            Kind::Malformed => "it breaks JSON or markup in a text, and none of them holds any",
            Kind::Contradictory => "it joins two different inputs",
            Kind::WrongType => "it changes parts of a list or an object",
            _ => "they lack the variable, or it has no words",
        };
        problems.error(spot, message, hint);
    } else if made.len() < plan.count {
        let message = format!(
            "`{kind}` makes {} different cases, fewer than the {} that `count` asks for",
            made.len(),
            plan.count
        );
        problems.warn(spot, message, "lower `count`, or write more cases to start from");
    }
}

/// Which cases a generator starts from.
struct From(Option<String>);

impl From {
    fn admits(&self, case: &Case) -> bool {
        self.0.as_ref().is_none_or(|category| case.category == *category)
    }
}

fn plan(
    node: &Node,
    bases: &[Case],
    around: &Surroundings<'_>,
    problems: &mut Problems,
) -> Option<(Plan, From)> {
    let mut fields = Fields::open(node, "a generator", problems)?;
    let kind = fields.required("kind", problems);
    let kind = kind.and_then(|node| typed::word(node, "`kind`", &Kind::ALL, problems));
    let from = fields.get("from", problems);
    let from = from.and_then(|node| category(node, bases, problems));
    let mut whole = |name, what, bounds| {
        let node = fields.get(name, problems)?;
        typed::whole(node, what, bounds, problems)
    };
    let count = whole("count", "`count`", (1, MOST as u64));
    let seed = whole("seed", "`seed`", (0, u64::MAX));
    let length = whole("length", "`length`", (1, LONGEST as u64));
    let has_length = fields.has("length");
    let named = fields.get("variable", problems);
    let expected = fields.get("expected", problems);
    let keep = expected.and_then(|node| {
        typed::word(node, "`expected`", &[("keep", true), ("drop", false)], problems)
    });
    let traits = Traits::read(&mut fields, problems);
    let own = checks::read(fields.get("checks", problems), problems);
    let spot = fields.spot();
    fields.close(problems);
    let kind = kind?;
    if has_length && kind != Kind::Huge {
        problems.error(spot, "`length` is for `huge` only", "remove it");
    }
    if let (Some(node), Some(true)) = (expected, keep)
        && !kind.may_keep_expected()
    {
        let message = format!("`{}` changes what is asked, so `expected` cannot stay", kind.word());
        problems.error(&node.spot, message, "remove it, and give `checks`");
    }
    let keep = keep.unwrap_or(kind.keeps_expected());
    judge(kind, keep, &own, around.common, spot, problems);
    let variable = variable(named, kind, around.declared, spot, problems)?;
    let max_tokens = around.declared.and_then(|known| known.variables.get(&variable)?.max_tokens);
    let small = |value: Option<u64>, usual: usize| {
        value.and_then(|value| usize::try_from(value).ok()).unwrap_or(usual)
    };
    let (count, length) = (small(count, 10), small(length, USUAL_LENGTH));
    if kind == Kind::Huge && count.saturating_mul(length) > MOST_CHARACTERS {
        let message = format!("{count} texts of {length} characters are too much for one suite");
        let hint = format!("keep `count` times `length` below {MOST_CHARACTERS}");
        problems.error(spot, message, hint);
    }
    let plan = Plan {
        kind,
        variable,
        count,
        seed: seed.unwrap_or(0),
        length,
        max_tokens,
        category: traits.category.unwrap_or_else(|| kind.category().into()),
        difficulty: traits.difficulty,
        tags: traits.tags,
        checks: own.specs,
        keep_expected: keep,
    };
    Some((plan, From(from)))
}

fn category(node: &Node, bases: &[Case], problems: &mut Problems) -> Option<String> {
    let word = typed::words(node, "`from`", problems)?;
    if !bases.is_empty() && !bases.iter().any(|case| case.category == word) {
        let known: std::collections::BTreeSet<&str> =
            bases.iter().map(|case| case.category.as_str()).take(1000).collect();
        let known: Vec<&str> = known.into_iter().collect();
        let message = format!("no case has the category `{}`", shown(word));
        problems.error(&node.spot, message, format!("there are {}", known.join(", ")));
    }
    Some(word.to_string())
}

/// Cases whose input means something else than that of their base have no known answer: checks must say
/// what to hold them to, and the suite's own must not compare with an answer.
fn judge(
    kind: Kind,
    keep: bool,
    own: &Checks,
    common: &Checks,
    spot: &Spot,
    problems: &mut Problems,
) {
    if keep {
        return;
    }
    let word = kind.word();
    if !own.any {
        let message = format!("`{word}` cases have no `expected`: the generator needs `checks`");
        problems.error(spot, message, "say what any answer must fulfil, such as `checks: [json]`");
    }
    if let Some(metric) = &own.comparing {
        let message =
            format!("the check `{metric}` compares with `expected`, which `{word}` cases lack");
        problems.error(spot, message, "give the check a `value`, or use another one");
    }
    if let Some(metric) = &common.comparing {
        let message = format!(
            "the suite's check `{metric}` compares with `expected`, which `{word}` cases lack"
        );
        let hint = "move it from the suite's `checks` to the list of cases that have `expected`: \
                    `- {cases: […], checks: […]}`";
        problems.error(spot, message, hint);
    }
}

/// The variable to change: the one named, else the only one of a fitting type, else the only untrusted
/// one of them.
fn variable(
    named: Option<&Node>,
    kind: Kind,
    declared: Option<&Declared>,
    spot: &Spot,
    problems: &mut Problems,
) -> Option<String> {
    let declared = declared.filter(|declared| declared.complete)?;
    let fits = |variable: &VariableType| match variable {
        VariableType::String => !kind.is_structural(),
        VariableType::List | VariableType::Object => kind.is_structural(),
        _ => false,
    };
    let fitting = || declared.variables.iter().filter(|(_, variable)| fits(&variable.kind));
    let list = || fitting().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    let wanted = if kind.is_structural() { "a list or an object" } else { "a string" };
    if let Some(node) = named {
        let name = typed::words(node, "`variable`", problems)?;
        if fitting().any(|(known, _)| known == name) {
            return Some(name.to_string());
        }
        let message = format!("`{}` is no variable of this prompt that is {wanted}", shown(name));
        problems.error(&node.spot, message, format!("such variables: {}", list()));
        return None;
    }
    let untrusted = || fitting().filter(|(_, variable)| variable.trust == Trust::Untrusted);
    match (fitting().count(), untrusted().count()) {
        (0, _) => {
            let message = format!("`{}` needs a variable that is {wanted}", kind.word());
            problems.error(spot, message, "the prompt declares none; use another kind");
            None
        }
        (1, _) => fitting().next().map(|(name, _)| name.clone()),
        (_, 1) => untrusted().next().map(|(name, _)| name.clone()),
        _ => {
            let hint = format!("add `variable:` with one of {}", list());
            problems.error(spot, "several variables could be changed", hint);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_of_kinds_are_distinct() {
        let words: std::collections::BTreeSet<_> =
            crate::generate::Kind::ALL.iter().map(|(word, _)| word).collect();
        assert_eq!(words.len(), crate::generate::Kind::ALL.len());
    }
}
