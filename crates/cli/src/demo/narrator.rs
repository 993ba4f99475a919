//! Says what happens while it happens, in short numbered steps, and shows the figures at the end.

use std::cell::Cell;
use std::path::Path;

use gatemark_core::gate::Finding;
use gatemark_core::report::{Summary, Tally};

use super::cases::Origin;
use super::data::Skipped;
use super::figures::{
    Calls, Canary, Comparison, DataFigures, Figures, Live, Rollback, Threshold, VersionFigures,
};
use super::prompts::{GOOD, PROMPT};
use crate::moment;
use crate::print::{Terminal, printable};
use crate::table::Table;

/// The one who speaks.
pub(super) struct Narrator<'t> {
    terminal: &'t Terminal,
    steps: Cell<u32>,
}

impl<'t> Narrator<'t> {
    /// A narrator who has said nothing yet.
    pub(super) fn new(terminal: &'t Terminal) -> Self {
        Self { terminal, steps: Cell::new(0) }
    }

    /// Begins the next step.
    pub(super) fn step(&self, text: &str) {
        self.steps.set(self.steps.get() + 1);
        let number = format!("{:>2}", self.steps.get());
        self.terminal.note(&format!(
            "{}  {}",
            self.terminal.note_ink().strong(&number),
            printable(text)
        ));
    }

    fn detail(&self, text: &str) {
        self.terminal.note(&format!("    {}", printable(text)));
    }

    /// What is worked on, and where.
    pub(super) fn data(&self, data: &DataFigures, project: &Path) {
        self.terminal.note(
            "No key and no network are needed: the model `sim` is a small in-context learner inside this\n\
             process that stands in for a language model. Its accuracy says nothing about a real one's.\n",
        );
        self.step(&format!(
            "Read {}: {} messages, {} labels.",
            data.source, data.rows, data.labels
        ));
        if let Some(text) = left_out(&data.skipped) {
            self.detail(&format!("Left out: {text}."));
        }
        let DataFigures { examples, calibration, suite, traffic, .. } = data;
        self.detail(&format!(
            "{examples} examples, {calibration} calibration rows, {suite} test cases, {traffic} live messages; \
             no message is in two of them."
        ));
        if let Some(source) = &data.traffic_source {
            let text = data.traffic_skipped.as_ref().and_then(left_out);
            let text = text.map(|text| format!(" (left out: {text})")).unwrap_or_default();
            self.detail(&format!("The live messages come from {source}{text}."));
        }
        self.detail(match data.categories {
            Origin::Kinds => {
                "Categories of test cases: by the data's column `kind` (plain: happy; hostile: adversarial; others: edge)."
            }
            Origin::Perturbed => {
                "Categories of test cases: happy as they are; edge and adversarial made by perturbing other rows."
            }
        });
        self.step(&format!("Write the project to {}.", project.display()));
    }

    /// Where the threshold comes from.
    pub(super) fn threshold(&self, threshold: &Threshold) {
        let Threshold { passed, cases, accuracy } = threshold;
        self.step(&format!("Set the suite's accuracy threshold to {accuracy:.2}."));
        self.detail(&format!(
            "The good prompt answers {passed} of {cases} calibration rows rightly; {accuracy:.2} is the lower end of \
             the 95 % interval."
        ));
        self.detail(if *accuracy < 0.95 {
            "It takes the place of production's 0.95, which the stand-in model does not reach."
        } else {
            "It takes the place of production's 0.95."
        });
    }

    /// What the test and the gate said.
    pub(super) fn decision(&self, version: &VersionFigures) {
        let ink = self.terminal.note_ink();
        self.detail(&format!("Test: {}.", tested(&version.tested)));
        if version.deployed {
            let text =
                format!("{} {} serves in production.", ink.good("Gate: passed."), version.semver);
            self.terminal.note(&format!("    {text}"));
            return;
        }
        let text = match version.unmet.len() {
            1 => "Gate: refused, 1 rule is not met.".to_string(),
            many => format!("Gate: refused, {many} rules are not met."),
        };
        self.terminal.note(&format!("    {}", ink.bad(&text)));
        for finding in &version.unmet {
            self.detail(&unmet(finding));
        }
    }

    /// How a version did on live traffic.
    pub(super) fn live(&self, semver: &str, live: &Live, url: &str) {
        let Live { calls, right, .. } = live;
        self.step(&format!(
            "Send {calls} held-out messages to {url}/v1/chat/completions, model gatemark/{PROMPT}."
        ));
        self.detail(&format!("{semver} answers {right} rightly ({}).", interval(live)));
    }

    /// What the change did to the same messages.
    pub(super) fn comparison(&self, semver: &str, found: &Comparison) {
        let Comparison { messages, lost, won, z } = found;
        self.detail(&format!(
            "Of the same {messages} messages {lost} are wrong now that were right, and {won} right that were wrong \
             (z = {z:.1})."
        ));
        self.detail(&if found.is_worse() {
            format!("{semver} passed its test and is worse in use: its examples suit the test cases, not the customers.")
        } else {
            format!("On these messages chance alone could explain that {semver} differs.")
        });
    }

    /// The way back.
    pub(super) fn rollback(&self, rollback: &Rollback) {
        let Rollback { version, effective_ms, calls } = rollback;
        self.step("Roll back.");
        self.detail(&if version == GOOD {
            format!(
                "{effective_ms:.1} ms after asking for it, call {calls} is answered by {version}."
            )
        } else {
            format!("The next calls were still answered by {version}.")
        });
    }

    /// What became of the canary.
    pub(super) fn canary(&self, canary: &Canary) {
        let Canary { semver, calls, candidate, seconds, .. } = canary;
        let percent = |share: Option<f64>| {
            share.map_or("-".to_string(), |share| format!("{:.1} %", 100.0 * share))
        };
        let right = format!(
            "{} right against {}",
            percent(canary.candidate_right),
            percent(canary.control_right)
        );
        let text = if canary.reverted {
            let why = canary.reason.as_deref().unwrap_or_default();
            format!(
                "Taken back by itself after {candidate} calls to {semver} of {calls} ({seconds:.1} s): {why}."
            )
        } else {
            format!(
                "Not decided after {candidate} calls to {semver} of {calls} ({seconds:.1} s), {right}: aborted by hand."
            )
        };
        self.step(&text);
    }

    /// Whether every call was kept.
    pub(super) fn records(&self, calls: &Calls) {
        let Calls { answered, recorded } = calls;
        self.step(&format!("{answered} calls answered over HTTP, {recorded} on record."));
    }

    /// The figures, as a table on stdout.
    pub(super) fn table(&self, figures: &Figures) {
        self.terminal.note("");
        let headings = [
            "VERSION",
            "EXAMPLES",
            "TEST",
            "GATE",
            "LIVE",
            "ACCURACY (95 %)",
            "P50",
            "P95",
            "USD/1,000",
            "FALLBACKS",
        ];
        let mut table = Table::new(headings).right(&[1, 2, 4, 6, 7, 8, 9]);
        for version in &figures.versions {
            let gate = if version.deployed { "passed" } else { "refused" };
            let Tally { passed, cases, .. } = version.tested.total;
            let live =
                |of: &dyn Fn(&Live) -> String| version.live.as_ref().map(of).unwrap_or_default();
            table.row([
                version.semver.clone(),
                version.examples.to_string(),
                format!("{passed}/{cases}"),
                gate.to_string(),
                live(&|live| format!("{}/{}", live.right, live.calls)),
                live(&interval),
                live(&|live| moment::length(live.p50_latency_us)),
                live(&|live| moment::length(live.p95_latency_us)),
                live(&|live| format!("{:.3}", live.cost_per_thousand.as_usd())),
                live(&|live| live.fallbacks.to_string()),
            ]);
        }
        table.print(self.terminal);
        let seconds = figures.seconds;
        self.terminal.note(&format!("\nDone in {seconds:.1} s."));
        if !figures.ok {
            let text = "Not every step came out as it should; see above.";
            self.terminal.note(&self.terminal.note_ink().bad(text));
        }
    }

    /// What to try while the server is up.
    pub(super) fn next(&self, figures: &Figures, message: &str) {
        let program = std::env::current_exe()
            .map_or_else(|_| "gatemark".to_string(), |path| path.display().to_string());
        let gatemark = |rest: &str| {
            format!("  {} {rest} --project {}", shell(&program), shell(&figures.project))
        };
        let body = serde_json::json!({"model": format!("gatemark/{PROMPT}"), "variables": {"message": message}});
        let lines = [
            format!(
                "The server stays up at {} until Ctrl-C. Try, in another terminal:\n",
                figures.url
            ),
            format!(
                "  curl -si {}/v1/chat/completions -H 'content-type: application/json' -d {}",
                figures.url,
                shell(&body.to_string())
            ),
            gatemark("calls --limit 5"),
            gatemark(&format!("log {PROMPT}")),
            gatemark(&format!("diff {PROMPT}")),
            gatemark(&format!("gate {PROMPT}@1.0.0")),
            format!("  curl -s {}/metrics", figures.url),
        ];
        self.terminal.note(&lines.join("\n"));
    }
}

fn left_out(skipped: &Skipped) -> Option<String> {
    let Skipped { empty, repeated, long, foreign } = *skipped;
    let parts = [
        (empty, "empty"),
        (repeated, "repeated"),
        (long, "too long"),
        (foreign, "with a label of their own"),
    ];
    let said: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    (!said.is_empty()).then(|| said.join(", "))
}

/// `42 of 90 right (happy 30/40, …)`.
fn tested(summary: &Summary) -> String {
    let Tally { passed, cases, .. } = summary.total;
    let parts = summary.categories.iter();
    let parts: Vec<String> =
        parts.map(|(name, tally)| format!("{name} {}/{}", tally.passed, tally.cases)).collect();
    format!("{passed} of {cases} cases pass ({})", parts.join(", "))
}

fn unmet(finding: &Finding) -> String {
    format!("  rule {:>2}: {}; found: {}", finding.rule, finding.wanted, finding.found)
}

fn interval(live: &Live) -> String {
    format!("{:.3}, {:.3}–{:.3}", live.accuracy, live.interval.low, live.interval.high)
}

/// A word for a POSIX shell.
fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_string()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(shell("/tmp/a-b.c"), "/tmp/a-b.c");
        assert_eq!(shell("it's $HOME"), r"'it'\''s $HOME'");
    }

    #[test]
    fn only_what_was_left_out_is_mentioned() {
        assert_eq!(left_out(&Skipped::default()), None);
        let skipped = Skipped { empty: 2, foreign: 1, ..Skipped::default() };
        assert_eq!(left_out(&skipped).unwrap(), "2 empty, 1 with a label of their own");
    }
}
