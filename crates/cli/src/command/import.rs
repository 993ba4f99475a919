//! `gatemark import`: projects of other tools as projects of ours.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use gatemark_control::promptfoo::{self, Asked, Folder, Import, MOST_BYTES, Remark};
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::id::{ModelName, PromptName};
use serde_json::json;

use super::judge;
use crate::context::Context;
use crate::exit::Exit;
use crate::print::{Terminal, printable};

/// Turn another tool's tests into a project
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark import promptfoo promptfooconfig.yaml
  gatemark import promptfoo evals/ --out prompts-project --name support/triage
  gatemark import promptfoo evals/ --model-map 'my provider=openai/gpt-4o-2024-08-06'

Ends with exit code 5 if something could not be imported with the same meaning; what and where is
listed.")]
pub(crate) struct Args {
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, clap::Subcommand)]
enum From {
    Promptfoo(Promptfoo),
}

/// Import a promptfooconfig.yaml with the prompts and tests that it names
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  gatemark import promptfoo promptfooconfig.yaml --out project")]
struct Promptfoo {
    /// The configuration, or the folder that holds promptfooconfig.yaml
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// The project's folder; made if missing
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// What the prompt is to be called [default: imported/ and the description]
    #[arg(long, value_name = "SERVICE/NAME")]
    name: Option<PromptName>,
    /// A model for a provider, by its label or id; `similar=` names the embedding model and `judge=` the
    /// judges' model; may be given more than once
    #[arg(long = "model-map", value_name = "LABEL=MODEL", value_parser = mapped)]
    models: Vec<(String, ModelName)>,
    /// Overwrite files that exist
    #[arg(long)]
    force: bool,
}

fn mapped(text: &str) -> Result<(String, ModelName), String> {
    let (label, model) = text.rsplit_once('=').ok_or("write label=provider/model")?;
    let model = model.trim().parse().map_err(|error| format!("{error}"))?;
    Ok((label.trim().to_string(), model))
}

pub(crate) fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let From::Promptfoo(args) = args.from;
    let (folder, config) = located(&args.path)?;
    let disk = Disk::open(&folder)?;
    let models: BTreeMap<String, ModelName> = args.models.iter().cloned().collect();
    let asked = Asked { config: &config, name: args.name.clone(), models };
    let mut import = promptfoo::import(&asked, &disk)?;
    add_judges(&mut import, &asked, &args.out);
    if !args.out.join(crate::config::FILE).exists() {
        import.files.insert(crate::config::FILE.into(), import.config.clone());
    }
    write(&import, &args)?;
    tell(&import, &args.out, context.terminal)?;
    Ok(if import.left_out.is_empty() { Exit::Done } else { Exit::Partly })
}

/// The folder and the configuration's name in it.
fn located(path: &Path) -> Result<(PathBuf, String)> {
    let names = ["promptfooconfig.yaml", "promptfooconfig.yml", "promptfooconfig.json"];
    let file = match path.is_dir() {
        true => names.iter().map(|name| path.join(name)).find(|file| file.is_file()),
        false => path.is_file().then(|| path.to_path_buf()),
    };
    let file = file.ok_or_else(|| {
        let message = format!("{} is no configuration and holds none", path.display());
        Error::not_found(message).coded("file_not_found")
    })?;
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    Ok((folder.unwrap_or(Path::new(".")).to_path_buf(), name))
}

/// Judges that the project does not have yet, as `gatemark judge new` writes them.
fn add_judges(import: &mut Import, asked: &Asked<'_>, out: &Path) {
    let models = import.files.values().find_map(|text| text.split("{\"model\":\"").nth(1));
    let first = models.and_then(|rest| rest.split('"').next()).and_then(|name| name.parse().ok());
    let Some(model) = asked.models.get("judge").cloned().or(first) else { return };
    for name in &import.judges {
        if !out.join("prompts").join(name).join("prompt.yaml").exists() {
            import.files.extend(judge::new::files(name, &model).unwrap_or_default());
        }
    }
}

fn write(import: &Import, args: &Promptfoo) -> Result<()> {
    let existing =
        import.files.keys().filter(|path| args.out.join(path).symlink_metadata().is_ok());
    let existing: Vec<&str> = existing.map(String::as_str).collect();
    if !args.force && !existing.is_empty() {
        let message = format!(
            "{} in {} would be overwritten: nothing was written (--force overwrites)",
            existing.join(", "),
            args.out.display()
        );
        return Err(Error::new(Kind::Conflict, message).coded("files_exist"));
    }
    for (path, text) in &import.files {
        let path = args.out.join(path);
        let parent = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent).and_then(|()| fs::write(&path, text)).map_err(|cause| {
            let message = format!("{} cannot be written: {cause}", path.display());
            Error::invalid(message).because(cause)
        })?;
    }
    Ok(())
}

fn tell(import: &Import, out: &Path, terminal: &Terminal) -> Result<()> {
    let files: Vec<&String> = import.files.keys().collect();
    if terminal.json() {
        return terminal.data_json(&json!({
            "folder": out,
            "files": files,
            "prompts": import.prompts,
            "judges": import.judges,
            "left_out": import.left_out,
            "notes": import.notes,
        }));
    }
    for path in files {
        terminal.data(&format!("wrote {}", out.join(path).display()));
    }
    for prompt in &import.prompts {
        terminal.data(&format!("{}: {} cases", prompt.name, prompt.cases));
    }
    remarks("Left out, and not in the project", &import.left_out, terminal);
    remarks("Imported, and not quite the same", &import.notes, terminal);
    Ok(())
}

fn remarks(heading: &str, remarks: &[Remark], terminal: &Terminal) {
    if remarks.is_empty() {
        return;
    }
    terminal.data(&format!("\n{}", terminal.ink().strong(heading)));
    for remark in remarks {
        let first = remark.places.first();
        let place = first.map(|place| format!("{}:{}", place.file, place.line)).unwrap_or_default();
        let more = match remark.count {
            1 => String::new(),
            count => format!(" ({count} times)"),
        };
        terminal
            .data(&printable(&format!("  {}{more}, {place}\n    {}", remark.kind, remark.advice)));
    }
}

/// Most files that are looked at.
const MOST_FILES: usize = 20_000;
/// Deepest folder.
const DEEPEST: usize = 12;

/// A folder on disk, without hidden files, links and installed packages.
struct Disk {
    root: PathBuf,
    paths: BTreeSet<String>,
}

impl Disk {
    fn open(root: &Path) -> Result<Self> {
        let mut disk = Self { root: root.to_path_buf(), paths: BTreeSet::new() };
        disk.walk(root, "", 0).map_err(|cause| {
            Error::invalid(format!("{} cannot be read: {cause}", root.display())).because(cause)
        })?;
        Ok(disk)
    }

    fn walk(&mut self, folder: &Path, path: &str, depth: usize) -> std::io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') || name == "node_modules" || self.paths.len() >= MOST_FILES {
                continue;
            }
            let path = if path.is_empty() { name } else { format!("{path}/{name}") };
            let kind = entry.file_type()?;
            if kind.is_dir() && depth < DEEPEST {
                self.walk(&entry.path(), &path, depth + 1)?;
            } else if kind.is_file() {
                self.paths.insert(path);
            }
        }
        Ok(())
    }
}

impl Folder for Disk {
    fn paths(&self) -> &BTreeSet<String> {
        &self.paths
    }

    fn text(&self, path: &str) -> Result<String, String> {
        if !self.paths.contains(path) {
            return Err(format!("{path} is not in the configuration's folder"));
        }
        let file = self.root.join(path);
        let length = fs::metadata(&file).map_err(|error| error.to_string())?.len();
        if length > MOST_BYTES {
            return Err(format!("{path} is longer than {} MiB", MOST_BYTES >> 20));
        }
        fs::read_to_string(&file).map_err(|error| format!("{path}: {error}"))
    }
}
