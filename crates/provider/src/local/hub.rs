//! A model from a hub: its files are fetched at first use, checked, and put in place at once.
//!
//! The files come one by one into a folder beside the final one, which is renamed when all are there and
//! have the right checksums. So what is in place is whole, and two processes that fetch at once do not
//! see each other's halves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use gatemark_core::{Digest, Error, Kind, Result};
use serde_json::Value;

use super::Home;
use super::fetch::{Fetched, fetch};
use super::folder::is_inside;
use crate::http::Client;

/// A repository at a revision.
pub(super) struct Hub {
    pub(super) client: Client,
    pub(super) home: Home,
    pub(super) base_url: String,
    pub(super) repository: String,
    pub(super) revision: String,
    pub(super) sha256: BTreeMap<String, Digest>,
}

const WEIGHTS: &str = "model.safetensors";
/// What makes up a model, and whether it is none without.
const FILES: [(&str, bool); 6] = [
    ("config.json", true),
    ("tokenizer.json", true),
    ("tokenizer_config.json", false),
    ("sentence_bert_config.json", false),
    ("config_sentence_transformers.json", false),
    ("modules.json", false),
];
const LONGEST_WEIGHTS: u64 = 4 << 30;
const LONGEST_OTHER: u64 = 64 << 20;

impl Hub {
    /// The folder with the model, which is fetched if it is not there.
    pub(super) async fn folder(&self) -> Result<PathBuf> {
        let parent = self.home.folder.join(self.repository.replace('/', "--"));
        let target = parent.join(&self.revision);
        if target.is_dir() {
            return Ok(target);
        }
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let partial = parent.join(format!(".{}-{process}-{number}", self.revision));
        let fetched = self.fetch_all(&partial, &target).await;
        if fetched.is_err() {
            // What cannot be removed is in nobody's way: names are never used twice.
            tokio::fs::remove_dir_all(&partial).await.ok();
        }
        fetched.map(|()| target)
    }

    async fn fetch_all(&self, partial: &Path, target: &Path) -> Result<()> {
        let unwritten = |cause: std::io::Error| {
            self.failed("the data directory", &format!("it cannot be written to: {cause}"))
        };
        tokio::fs::create_dir_all(partial).await.map_err(unwritten)?;
        let mut checked = vec![];
        for (name, needed) in FILES {
            if self.fetch_one(name, needed, partial).await? {
                checked.push(name.to_string());
            }
        }
        for name in self.module_files(partial).await {
            if self.fetch_one(&name, false, partial).await? {
                checked.push(name);
            }
        }
        self.fetch_one(WEIGHTS, true, partial).await?;
        checked.push(WEIGHTS.into());
        if let Some(other) = self.sha256.keys().find(|name| !checked.contains(name)) {
            let why = "`sha256` names it, but it is not one of the files that the model is made of";
            return Err(self.failed(other, why));
        }
        match tokio::fs::rename(partial, target).await {
            Ok(()) => Ok(()),
            // Another process was faster.
            Err(_) if target.is_dir() => {
                tokio::fs::remove_dir_all(partial).await.ok();
                Ok(())
            }
            Err(cause) => Err(unwritten(cause)),
        }
    }

    /// The settings of what follows the encoder.
    async fn module_files(&self, partial: &Path) -> Vec<String> {
        let text = tokio::fs::read(partial.join("modules.json")).await.unwrap_or_default();
        // If it is broken, loading the model says so.
        let list: Vec<Value> = serde_json::from_slice(&text).unwrap_or_default();
        let paths = list.iter().filter_map(|module| module.get("path")?.as_str());
        let inside =
            paths.filter(|path| is_inside(path) && path.bytes().all(|c| c.is_ascii_graphic()));
        inside.take(8).map(|path| format!("{path}/config.json")).collect()
    }

    /// Fetches one file and compares its checksum. Whether the repository has it.
    async fn fetch_one(&self, name: &str, needed: bool, partial: &Path) -> Result<bool> {
        let url = format!("{}/{}/resolve/{}/{name}", self.base_url, self.repository, self.revision);
        let to = partial.join(name);
        if let Some(folder) = to.parent() {
            let made = tokio::fs::create_dir_all(folder).await;
            made.map_err(|cause| self.failed(name, &format!("no folder for it: {cause}")))?;
        }
        let limit = if name == WEIGHTS { LONGEST_WEIGHTS } else { LONGEST_OTHER };
        let watcher = self.home.watcher.as_ref();
        let fetched = fetch(&self.client, &url, &to, limit, watcher).await;
        let Some(fetched) = fetched.map_err(|why| self.failed(name, &why))? else {
            return if needed {
                let why = "the repository has no such file at this revision";
                Err(self.failed(name, why))
            } else {
                Ok(false)
            };
        };
        self.check(name, &fetched)?;
        Ok(true)
    }

    fn check(&self, name: &str, fetched: &Fetched) -> Result<()> {
        let Fetched { sha256, promised } = fetched;
        let given = self.sha256.get(name).map(Digest::to_string);
        match given.as_ref().or(promised.as_ref()) {
            Some(wanted) if wanted == sha256 => Ok(()),
            Some(wanted) => {
                let who = if given.is_some() { "gatemark.yaml" } else { "the server" };
                let why = format!("its SHA-256 is {sha256}, but {who} says {wanted}");
                Err(self.failed(name, &why))
            }
            None if name == WEIGHTS => {
                let why = format!(
                    "the server gives no checksum for it; if its SHA-256 should be {sha256}, write \
                     that under `sha256`"
                );
                Err(self.failed(name, &why))
            }
            None => Ok(()),
        }
    }

    fn failed(&self, file: &str, why: &str) -> Error {
        let message = format!(
            "the model {} at {} cannot be fetched from {}: {file}: {why}. Without a network, put the \
             model's folder on this machine and name it with `path` in gatemark.yaml",
            self.repository, self.revision, self.base_url
        );
        Error::new(Kind::Unavailable, message).coded("model_unavailable")
    }
}
