//! Categories that a policy asks for, and those with next to no case.

use gatemark_core::suite::Case;

use super::{Counted, FEW, Gap, count, few, gap};

pub(super) fn of(cases: &[Case], wanted: &[String], gaps: &mut Vec<Gap>) -> Vec<Counted> {
    let mut found = count(cases.iter().map(|case| case.category.as_str()));
    let mut counted: Vec<Counted> = wanted
        .iter()
        .map(|name| match found.iter().position(|known| known.name == *name) {
            Some(at) => found.remove(at),
            None => Counted { name: name.clone(), cases: 0 },
        })
        .collect();
    counted.append(&mut found);
    for category in counted.iter().filter(|category| category.cases < FEW) {
        let mut message = few(category.cases, ("has", "have"));
        if category.cases == 0 {
            message.push_str(", and the policy asks for it");
        }
        gap(gaps, "category", &category.name, message);
    }
    counted
}
