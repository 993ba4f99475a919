//! `gatemark suite show`: the cases, page by page.

use gatemark_core::error::Result;
use gatemark_core::id::PromptName;
use gatemark_core::suite::Case;
use serde_json::json;

use super::which::{self, Which};
use crate::context::Context;
use crate::exit::Exit;
use crate::print::one_line;
use crate::table::Table;

/// Show the cases of a suite
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark suite show support/triage --category edge --page 2
  gatemark suite show support/triage --suite files --tag typos --json

With --json each line is one case.")]
pub(crate) struct Args {
    /// The prompt: service/name
    prompt: PromptName,
    /// Which suite: current, files, a hash, or a version that was tested with it
    #[arg(long, value_name = "SUITE", default_value = "current")]
    suite: Which,
    /// Only cases of this category
    #[arg(long, value_name = "WORD")]
    category: Option<String>,
    /// Only cases with this tag
    #[arg(long, value_name = "WORD")]
    tag: Option<String>,
    /// Which page
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    page: u32,
    /// Cases on a page
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    per_page: u32,
}

/// Longest value shown, in characters.
const WIDTH: usize = 60;

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let (suite, digest) = context
        .with_control(async |control| {
            which::find(&args.prompt, &args.suite, control, context).await
        })
        .await?;
    let admitted = |case: &&Case| {
        args.category.as_ref().is_none_or(|category| case.category == *category)
            && args.tag.as_ref().is_none_or(|tag| case.tags.contains(tag))
    };
    let chosen: Vec<&Case> = suite.cases.iter().filter(admitted).collect();
    let size = usize::try_from(args.per_page).unwrap_or(usize::MAX);
    let page = usize::try_from(args.page).unwrap_or(usize::MAX);
    let skipped = (page - 1).saturating_mul(size);
    let shown: Vec<&Case> = chosen.iter().copied().skip(skipped).take(size).collect();
    let terminal = context.terminal;
    if terminal.json() {
        for case in &shown {
            terminal.data_json_line(case)?;
        }
        return Ok(Exit::Done);
    }
    if !shown.is_empty() {
        table(&shown).print(terminal);
    }
    let pages = chosen.len().div_ceil(size).max(1);
    terminal.note(&format!(
        "{} of {} cases shown, page {page} of {pages}; suite {}, {} cases in all",
        shown.len(),
        chosen.len(),
        digest.short(),
        suite.cases.len()
    ));
    Ok(Exit::Done)
}

fn table(cases: &[&Case]) -> Table {
    let mut table = Table::new(["ID", "CATEGORY", "DIFFICULTY", "TAGS", "INPUT", "EXPECTED"]);
    for case in cases {
        table.row([
            one_line(&case.id, WIDTH),
            case.category.clone(),
            case.difficulty.clone().unwrap_or_default(),
            one_line(&case.tags.join(", "), WIDTH),
            one_line(&json!(case.variables).to_string(), WIDTH),
            case.expected.as_ref().map(|value| one_line(&brief(value), WIDTH)).unwrap_or_default(),
        ]);
    }
    table
}

/// A text without its quotes, anything else as JSON.
pub(super) fn brief(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), String::from)
}
