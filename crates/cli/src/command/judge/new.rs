//! `gatemark judge new`: a judge's files, to be edited and pushed.

use std::fs;
use std::path::Path;

use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::id::{ModelName, PromptName};
use gatemark_core::model::{Project, Protocol};
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;

/// What a judge replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum KindOfJudge {
    /// A score from 1 to 5 by criteria
    Rubric,
    /// Whether an answer says the same as the wanted one
    Reference,
    /// Which of two answers is better
    Pairwise,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  gatemark judge new rubric && gatemark push")]
pub(super) struct Args {
    /// Its name: `name`, or `service/name` to have it elsewhere than under judges/
    #[arg(value_name = "NAME", value_parser = name)]
    name: PromptName,
    /// What it replies
    #[arg(long, value_enum, default_value = "rubric")]
    kind: KindOfJudge,
    /// The model that judges [default: the first one under `models` in gatemark.yaml that is not the
    /// built-in stand-in]
    #[arg(long, value_name = "MODEL")]
    model: Option<ModelName>,
    /// Overwrite files that exist
    #[arg(long)]
    force: bool,
}

fn name(text: &str) -> Result<PromptName, String> {
    let whole = if text.contains('/') { text.to_string() } else { format!("judges/{text}") };
    whole.parse().map_err(|error: gatemark_core::id::InvalidName| error.to_string())
}

impl KindOfJudge {
    /// `prompt.yaml`, `system.md` and `suite.yaml`.
    fn files(self) -> [(&'static str, &'static str); 3] {
        let texts = match self {
            Self::Rubric => [
                include_str!("templates/rubric.prompt.yaml"),
                include_str!("templates/rubric.system.md"),
                include_str!("templates/rubric.suite.yaml"),
            ],
            Self::Reference => [
                include_str!("templates/reference.prompt.yaml"),
                include_str!("templates/reference.system.md"),
                include_str!("templates/reference.suite.yaml"),
            ],
            Self::Pairwise => [
                include_str!("templates/pairwise.prompt.yaml"),
                include_str!("templates/pairwise.system.md"),
                include_str!("templates/pairwise.suite.yaml"),
            ],
        };
        let [prompt, system, suite] = texts;
        [("prompt.yaml", prompt), ("system.md", system), ("suite.yaml", suite)]
    }
}

/// The files of the judge `name` as `gatemark judge new` writes them, by their paths in the project; `None`
/// if it is none of those that an import names.
pub(crate) fn files(name: &str, model: &ModelName) -> Option<Vec<(String, String)>> {
    let kind = match name {
        "judges/rubric" => KindOfJudge::Rubric,
        "judges/reference" => KindOfJudge::Reference,
        _ => return None,
    };
    let file = |(file, text): (&str, &str)| {
        let text = text.replace("prompt: NAME", &format!("prompt: {name}"));
        let text = text.replace("--judge NAME", &format!("--judge {name}"));
        let text = text.replace("model: MODEL", &format!("model: {model}"));
        (format!("prompts/{name}/{file}"), text)
    };
    Some(kind.files().into_iter().map(file).collect())
}

pub(super) fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let folders = context.folders()?;
    let project = context.project(&folders)?;
    let model = model(args.model, &project)?;
    let folder = folders.project.join("prompts").join(args.name.as_str());
    let files = args.kind.files();
    let existing: Vec<&str> = files
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| folder.join(name).symlink_metadata().is_ok())
        .collect();
    if !args.force && !existing.is_empty() {
        let message = format!(
            "{} in {} would be overwritten: nothing was written",
            existing.join(", "),
            folder.display()
        );
        return Err(Error::new(Kind::Conflict, message).coded("files_exist"));
    }
    let mut written = vec![];
    for (name, text) in files {
        let path = folder.join(name);
        let text = text.replace("prompt: NAME", &format!("prompt: {}", args.name));
        let text = text.replace("--judge NAME", &format!("--judge {}", args.name));
        write(&path, &text.replace("model: MODEL", &format!("model: {model}")))?;
        written.push(path.display().to_string());
    }
    let terminal = context.terminal;
    if terminal.json() {
        terminal.data_json(&json!({"name": args.name, "model": model, "files": written}))?;
        return Ok(Exit::Done);
    }
    written.iter().for_each(|path| terminal.data(&format!("wrote {path}")));
    let name = &args.name;
    terminal.note(&format!(
        "\nNext:\n  gatemark push\n  gatemark test {name}\n  gatemark judge calibrate {name} --labels FILE.jsonl"
    ));
    Ok(Exit::Done)
}

/// The model asked for, or the project's first that understands anything.
fn model(asked: Option<ModelName>, project: &Project) -> Result<ModelName> {
    if let Some(model) = asked {
        if project.serves(&model) {
            return Ok(model);
        }
        let message = format!("the model `{model}` has no provider in gatemark.yaml");
        return Err(Error::invalid(message).at("--model").coded("model_not_found"));
    }
    let understands = |model: &&ModelName| {
        let provider = project.providers.get(model.provider());
        provider.is_some_and(|provider| provider.protocol != Protocol::Sim)
    };
    project.models.keys().find(understands).cloned().ok_or_else(|| {
        let message =
            "gatemark.yaml lists no model that could judge: name one with --model provider/model";
        Error::invalid(message).at("--model").coded("model_not_found")
    })
}

fn write(path: &Path, text: &str) -> Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).and_then(|()| fs::write(path, text)).map_err(|cause| {
        let message = format!("{} cannot be written: {cause}", path.display());
        Error::invalid(message).because(cause)
    })
}
