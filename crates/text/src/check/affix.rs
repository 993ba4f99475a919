//! `starts_with` and `ends_with`: the answer, or a place in it, begins or ends with one of the wanted texts.

use super::parameters::Parameters;
use super::subject::{self, Loosened};
use super::typed::Mistakes;
use super::wanted::{self, Wanted};
use super::{Check, CheckProblem, Finding, Observation};

struct Affix {
    wanted: Wanted,
    end: bool,
    loosened: Loosened,
    at: Option<String>,
}

pub(super) fn build_start(parameters: &Parameters<'_>) -> Result<Box<dyn Check>, CheckProblem> {
    build(parameters, false)
}

pub(super) fn build_end(parameters: &Parameters<'_>) -> Result<Box<dyn Check>, CheckProblem> {
    build(parameters, true)
}

fn build(parameters: &Parameters<'_>, end: bool) -> Result<Box<dyn Check>, CheckProblem> {
    let mut mistakes = Mistakes::default();
    let trim = mistakes.take(parameters.flag("trim", true)).unwrap_or(true);
    let ignore_case = mistakes.take(parameters.flag("ignore_case", false)).unwrap_or_default();
    let at = mistakes.option(parameters.pointer());
    let wanted = mistakes.take(Wanted::read(parameters));
    let edge = |text: &str| if end { text.trim_end().len() } else { text.trim_start().len() };
    let never = |text: &str| trim && edge(text) != text.len();
    if wanted.iter().flat_map(Wanted::own).any(|value| never(&subject::text(value))) {
        let message = format!("`{}` looks for white space, which is trimmed", parameters.metric());
        mistakes.add(CheckProblem::new(message).hint("add `trim: false`"));
    }
    let loosened = Loosened { trim, ignore_case };
    mistakes.or(wanted.map(|wanted| Affix { wanted, end, loosened, at }))
}

impl Affix {
    fn side(&self) -> &'static str {
        if self.end { "ends with" } else { "starts with" }
    }
}

impl Check for Affix {
    fn observe(&self, seen: &Observation<'_>) -> Finding {
        let wanted = match self.wanted.of(seen) {
            Ok(wanted) => wanted,
            Err(finding) => return finding,
        };
        let text = match subject::searched(seen.answer, self.at.as_deref()) {
            Ok(text) => text,
            Err(why) => return Finding::nothing(why),
        };
        let loose = self.loosened.of(&text);
        let case_only = Loosened { trim: false, ..self.loosened };
        let has = |want: &serde_json::Value| {
            let want = subject::text(want);
            let want = case_only.of(&want);
            if self.end { loose.ends_with(&*want) } else { loose.starts_with(&*want) }
        };
        if wanted.iter().any(has) {
            return Finding::Holds;
        }
        let found = if self.end { subject::shown_end(&text) } else { subject::shown(&text) };
        let place = subject::place(self.at.as_deref());
        let wanted = wanted::joined(wanted.iter(), " or ");
        let at_side = if self.end { "at the end" } else { "at the start" };
        Finding::Fails(format!("expected {wanted} {at_side}{place}, found {found}"))
    }

    fn describe(&self) -> String {
        let case = if self.loosened.ignore_case { " ignoring case" } else { "" };
        format!("{} {}{}{case}", self.side(), self.wanted, subject::place(self.at.as_deref()))
    }

    fn needs_expected(&self) -> bool {
        self.wanted.is_case()
    }
}
