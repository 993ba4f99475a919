//! `gatemark gate`: the rules of an environment applied to a version, as a list.

use gatemark_control::view::GateView;
use gatemark_core::error::Result;
use gatemark_core::gate::{FallbackFinding, Finding};
use gatemark_core::id::EnvironmentName;
use gatemark_gateway::PromptRef;

use crate::argument;
use crate::context::Context;
use crate::exit::Exit;
use crate::print::{Ink, printable};

/// Show which rules of an environment a version meets, without deploying it
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  gatemark gate support/triage --to production")]
pub(crate) struct Args {
    /// The prompt: service/name, or service/name@version
    #[arg(value_name = "NAME", value_parser = argument::prompt_ref)]
    prompt: PromptRef,
    /// The environment [default: the project's default environment]
    #[arg(long, value_name = "ENV")]
    to: Option<EnvironmentName>,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let PromptRef { name, selector } = &args.prompt;
    let (environment, version, checklist) = context
        .with_control(async |control| {
            let environment = args.to.clone();
            let environment =
                environment.unwrap_or_else(|| control.project().default_environment.clone());
            let (version, checklist) = control.checklist(name, selector, &environment).await?;
            Ok((environment, version, checklist))
        })
        .await?;
    let passes = checklist.passes();
    let terminal = context.terminal;
    if terminal.json() {
        terminal.data_json(&GateView::from(&checklist))?;
    } else {
        let (semver, number) = (&version.semver, version.number);
        terminal.data(&format!("{environment}'s gate for {name} {semver} (version {number})"));
        for finding in checklist.findings() {
            terminal.data(&line(finding, terminal.ink()));
        }
        terminal.data(&verdict(checklist.findings()));
        fallbacks(checklist.fallbacks()).iter().for_each(|line| terminal.data(line));
    }
    Ok(if passes { Exit::Done } else { Exit::Refused })
}

/// One rule: its outcome, its number, what is wanted and found, and what to do about it.
pub(super) fn line(finding: &Finding, ink: Ink) -> String {
    let outcome = if finding.met { ink.good("ok ") } else { ink.bad("NO ") };
    let mut text = format!(
        "  {outcome} {:>2}  {}: {}",
        finding.rule,
        printable(&finding.wanted),
        printable(&finding.found)
    );
    if let Some(fix) = &finding.fix {
        text.push_str(&format!("\n          {} {}", ink.strong("fix:"), printable(fix)));
    }
    text
}

/// Which of the version's other models may answer when the serving one cannot, and why the rest may not.
pub(super) fn fallbacks(findings: &[FallbackFinding]) -> Vec<String> {
    let mut lines = vec![];
    for finding in findings {
        let model = &finding.model;
        let Some(first) = finding.unmet.first() else {
            let report = finding.evidence.as_ref().map(|report| format!(", report {report}"));
            lines.push(format!("fallback: {model} may answer{}", report.unwrap_or_default()));
            continue;
        };
        let rules: Vec<String> = finding.unmet.iter().map(|f| f.rule.to_string()).collect();
        lines.push(format!(
            "fallback: {model} may not answer, by rule {}: {}: {}",
            rules.join(", "),
            printable(&first.wanted),
            printable(&first.found)
        ));
        lines.extend(first.fix.iter().map(|fix| format!("          fix: {}", printable(fix))));
    }
    lines
}

fn verdict(findings: &[Finding]) -> String {
    let unmet = findings.iter().filter(|finding| !finding.met).count();
    match (findings.len(), unmet) {
        (0, _) => "No rule applies here.".to_string(),
        (all, 0) => format!("All {all} rules are met."),
        (all, unmet) => format!("{unmet} of {all} rules not met."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print::{ColourChoice, Terminal};

    #[test]
    fn an_unmet_rule_says_what_to_do() {
        let finding = Finding {
            rule: 10,
            wanted: "a static fallback is defined".into(),
            found: "none".into(),
            met: false,
            fix: Some("add one".into()),
        };
        let ink = Terminal::new(false, false, ColourChoice::Never).ink();
        let text = line(&finding, ink);
        assert_eq!(text, "  NO  10  a static fallback is defined: none\n          fix: add one");
        assert_eq!(verdict(&[finding]), "1 of 1 rules not met.");
    }
}
