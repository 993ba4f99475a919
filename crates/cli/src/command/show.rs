//! `gatemark show`: one version, whole.

use std::fmt::Write as _;

use gatemark_control::view::VersionView;
use gatemark_core::error::Result;
use gatemark_core::prompt::{Content, Message, Version};
use gatemark_core::variable::{Trust, Variable, VariableType};
use gatemark_gateway::PromptRef;
use gatemark_store::PromptSummary;

use crate::argument;
use crate::context::Context;
use crate::exit::Exit;
use crate::moment;
use crate::print::{Ink, one_line, printable};

/// Show a version: messages, variables, examples, output, models
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark show support/triage
  gatemark show support/triage@production
  gatemark show support/triage@1.2.0 --json")]
pub(crate) struct Args {
    /// The prompt: service/name, or service/name@version-or-environment
    #[arg(value_name = "NAME", value_parser = argument::prompt_ref)]
    prompt: PromptRef,
}

/// How many examples are shown to people.
const EXAMPLES: usize = 5;
/// Longest value shown on a line, in characters.
const WIDTH: usize = 100;

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let PromptRef { name, selector } = &args.prompt;
    let (version, summary) = context
        .with_control(async |control| {
            let version = control.version(name, selector).await?;
            Ok((version, control.store().prompt(name).await?))
        })
        .await?;
    let terminal = context.terminal;
    if terminal.json() {
        terminal.data_json(&VersionView::from(&version))?;
    } else {
        terminal.data(&text(&version, summary.as_ref(), terminal.ink()));
    }
    Ok(Exit::Done)
}

fn text(version: &Version, summary: Option<&PromptSummary>, ink: Ink) -> String {
    let title = format!("{} {} (version {})", version.prompt, version.semver, version.number);
    let mut page = Page { text: format!("{}\n", ink.strong(&title)), ink };
    page.field("hash", &version.hash.to_string());
    page.field("author", &version.author);
    page.field("registered", &format!("{} UTC", moment::shown(version.created_at)));
    if let Some(why) = &version.changelog {
        page.field("changelog", &one_line(why, WIDTH));
    }
    if let Some(summary) = summary {
        page.optional("description", summary.description.as_deref());
        page.optional("owner", summary.owner.as_deref());
        let here = summary.deployed.iter().filter(|(_, number)| **number == version.number);
        let names: Vec<&str> = here.map(|(name, _)| name.as_str()).collect();
        page.field(
            "serves in",
            &if names.is_empty() { "no environment".into() } else { names.join(", ") },
        );
    }
    page.content(&version.content);
    page.text
}

/// Collects the lines.
struct Page {
    text: String,
    ink: Ink,
}

impl Page {
    fn line(&mut self, line: &str) {
        // Writing to a String cannot fail.
        writeln!(self.text, "{line}").unwrap_or_default();
    }

    fn heading(&mut self, words: &str) {
        let heading = self.ink.strong(words);
        self.line(&format!("\n{heading}"));
    }

    fn field(&mut self, name: &str, value: &str) {
        self.line(&format!("  {name:<12} {}", printable(value)));
    }

    fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.field(name, &one_line(value, WIDTH));
        }
    }

    fn content(&mut self, content: &Content) {
        if !content.variables.is_empty() {
            self.heading("Variables");
            for (name, variable) in &content.variables {
                self.field(name, &describe(variable));
            }
        }
        self.heading("Messages");
        content.messages.iter().for_each(|message| self.message(message));
        if !content.examples.is_empty() {
            self.heading(&format!("Examples ({})", content.examples.len()));
            for example in content.examples.iter().take(EXAMPLES) {
                let input = serde_json::to_string(&example.variables).unwrap_or_default();
                let output = example.output.to_string();
                self.line(&format!(
                    "  {} -> {}",
                    one_line(&input, WIDTH),
                    one_line(&output, WIDTH)
                ));
            }
            if content.examples.len() > EXAMPLES {
                self.line("  … (all of them with --json)");
            }
        }
        self.output(content);
        self.models(content);
    }

    fn message(&mut self, message: &Message) {
        self.line(&format!("  [{}]", message.role.word()));
        for line in printable(&message.text).lines() {
            self.line(format!("    {line}").trim_end());
        }
    }

    fn output(&mut self, content: &Content) {
        let output = &content.output;
        if output.schema.is_none() && output.insufficient.is_none() && output.fallback.is_none() {
            return;
        }
        self.heading("Output");
        let schema = output.schema.as_ref().map(ToString::to_string);
        self.optional("schema", schema.as_deref());
        self.optional("insufficient", output.insufficient.as_deref());
        let fallback = output.fallback.as_ref().map(ToString::to_string);
        self.optional("fallback", fallback.as_deref());
    }

    fn models(&mut self, content: &Content) {
        self.heading("Models");
        for (index, variant) in content.models.iter().enumerate() {
            let mut notes: Vec<String> = vec![];
            if index == 0 && content.models.len() > 1 {
                notes.push("serves".into());
            }
            notes.extend(variant.parameters.iter().map(|(name, value)| format!("{name}={value}")));
            if !variant.messages.is_empty() {
                notes.push(format!("{} own messages", variant.messages.len()));
            }
            self.line(format!("  {}  {}", variant.model, printable(&notes.join(", "))).trim_end());
            variant.messages.iter().for_each(|message| self.message(message));
        }
        let limits = &content.limits;
        let cost = limits.cost_per_call.map(|most| format!("{most} a call"));
        let timeout = limits.timeout_ms.map(|most| format!("{most} ms a call"));
        if cost.is_some() || timeout.is_some() {
            self.heading("Limits");
            self.optional("cost", cost.as_deref());
            self.optional("timeout", timeout.as_deref());
        }
    }
}

fn describe(variable: &Variable) -> String {
    let kind = match &variable.kind {
        VariableType::Enum { values } => format!("one of {}", values.join(", ")),
        other => other.word().to_string(),
    };
    let trust = match variable.trust {
        Trust::Trusted => "trusted",
        Trust::Untrusted => "untrusted",
    };
    let mut text = format!("{kind}, {trust}");
    match &variable.default {
        Some(default) => text.push_str(&format!(", default {default}")),
        None => text.push_str(", required"),
    }
    if let Some(most) = variable.max_tokens {
        text.push_str(&format!(", at most {most} tokens"));
    }
    if let Some(words) = &variable.description {
        text.push_str(&format!(": {}", one_line(words, WIDTH)));
    }
    text
}
