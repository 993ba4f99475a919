//! The files of a model's folder: read with bounds, and with complaints that name the file and the field.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Component, Path, PathBuf};

use gatemark_core::{Digest, Error, Result};
use serde_json::Value;

/// Longest file of settings, in bytes. A vocabulary of a hundred thousand words takes two million.
const LONGEST_JSON: u64 = 64 * 1024 * 1024;
/// Longest file of weights, in bytes.
const LONGEST_WEIGHTS: u64 = 4 * 1024 * 1024 * 1024;

/// A folder, and the digests of what was read from it so far.
pub(super) struct Folder {
    root: PathBuf,
    read: Vec<(String, Digest)>,
}

/// A file of settings.
pub(super) struct Document {
    file: String,
    value: Value,
}

impl Folder {
    pub(super) fn open(root: &Path) -> Result<Self> {
        if !root.is_dir() {
            let message = format!(
                "there is no folder {} to load a model from: put a sentence-transformer there, or \
                 have one fetched with `hub` and `revision` in gatemark.yaml",
                root.display()
            );
            return Err(Error::not_found(message).coded("model_missing"));
        }
        Ok(Self { root: root.to_path_buf(), read: vec![] })
    }

    /// What identifies the model: a digest of all files that were read.
    pub(super) fn identity(&self) -> Digest {
        let lines = self.read.iter().map(|(name, digest)| format!("{name} {digest}\n"));
        Digest::of(lines.collect::<String>().as_bytes())
    }

    /// The settings in the file `name`; `None` if there is no such file.
    pub(super) fn settings(&mut self, name: &str) -> Result<Option<Document>> {
        let Some(bytes) = self.bytes(name, LONGEST_JSON)? else { return Ok(None) };
        let file = self.shown(name);
        match serde_json::from_slice::<Value>(&bytes) {
            Ok(value) => Ok(Some(Document { file, value })),
            Err(cause) => Err(Error::invalid(format!("{file} is not valid JSON: {cause}"))),
        }
    }

    /// The settings in a file that must be there.
    pub(super) fn needed(&mut self, name: &str) -> Result<Document> {
        let shown = self.shown(name);
        self.settings(name)?.ok_or_else(|| {
            let message = format!("{shown} is missing: this is not the folder of a model");
            Error::not_found(message).coded("model_missing")
        })
    }

    /// The bytes of the weights.
    pub(super) fn weights(&mut self, name: &str) -> Result<Vec<u8>> {
        self.bytes(name, LONGEST_WEIGHTS)?.ok_or_else(|| {
            let message = format!(
                "{} is missing: weights are read in the safetensors format, in one file",
                self.shown(name)
            );
            Error::not_found(message).coded("model_missing")
        })
    }

    /// The file's name in messages.
    pub(super) fn shown(&self, name: &str) -> String {
        self.root.join(name).display().to_string()
    }

    fn bytes(&mut self, name: &str, limit: u64) -> Result<Option<Vec<u8>>> {
        if !is_inside(name) {
            return Err(Error::invalid(format!("{name:?} leads out of the model's folder")));
        }
        let shown = self.shown(name);
        let unreadable = |cause| Error::invalid(format!("{shown} cannot be read: {cause}"));
        let file = match File::open(self.root.join(name)) {
            Ok(file) => file,
            Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(unreadable(cause)),
        };
        let mut bytes = vec![];
        file.take(limit + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
            return Err(Error::invalid(format!("{shown} is longer than {limit} bytes")));
        }
        self.read.push((name.to_string(), Digest::of(&bytes)));
        Ok(Some(bytes))
    }
}

/// Whether a relative path stays where it starts.
pub(super) fn is_inside(name: &str) -> bool {
    let ordinary = |part| matches!(part, Component::Normal(_));
    !name.is_empty() && !name.contains('\\') && Path::new(name).components().all(ordinary)
}

impl Document {
    /// A field by its JSON pointer; null counts as absent.
    pub(super) fn get(&self, pointer: &str) -> Option<&Value> {
        self.value.pointer(pointer).filter(|value| !value.is_null())
    }

    /// What is wrong with a field; `what` completes "the field … ".
    pub(super) fn wrong(&self, pointer: &str, what: &str) -> Error {
        let field = pointer.trim_start_matches('/').replace('/', ".");
        let message = format!("{}: the field `{field}` {what}", self.file);
        Error::invalid(message).coded("model_unsupported")
    }

    /// A size from 1 to `most`.
    pub(super) fn size(&self, pointer: &str, most: usize) -> Result<usize> {
        self.optional_size(pointer, most)?.ok_or_else(|| self.wrong(pointer, "is missing"))
    }

    /// A size from 1 to `most`, if it is given.
    pub(super) fn optional_size(&self, pointer: &str, most: usize) -> Result<Option<usize>> {
        let Some(value) = self.get(pointer) else { return Ok(None) };
        let size = value.as_u64().and_then(|size| usize::try_from(size).ok());
        match size.filter(|size| (1..=most).contains(size)) {
            Some(size) => Ok(Some(size)),
            None => Err(self.wrong(pointer, &format!("is {}, not 1 to {most}", short(value)))),
        }
    }

    /// A truth value; false if absent.
    pub(super) fn flag(&self, pointer: &str) -> Result<bool> {
        Ok(self.optional_flag(pointer)?.unwrap_or(false))
    }

    /// A truth value, if it is given.
    pub(super) fn optional_flag(&self, pointer: &str) -> Result<Option<bool>> {
        match self.get(pointer) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(other) => {
                Err(self.wrong(pointer, &format!("is {}, not true or false", short(other))))
            }
        }
    }

    /// A text, if it is given.
    pub(super) fn text(&self, pointer: &str) -> Result<Option<&str>> {
        match self.get(pointer) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(pointer, &format!("is {}, not a text", short(other)))),
        }
    }

    /// Demands that a field, if given, is one of `words`.
    pub(super) fn among<'w>(&self, pointer: &str, words: &[&'w str]) -> Result<Option<&'w str>> {
        let Some(text) = self.text(pointer)? else { return Ok(None) };
        match words.iter().find(|word| **word == text) {
            Some(word) => Ok(Some(word)),
            None => {
                let what = format!("is {text:?}; this runtime knows {}", words.join(", "));
                Err(self.wrong(pointer, &what))
            }
        }
    }
}

/// A value in a message, at most forty characters of it.
fn short(value: &Value) -> String {
    value.to_string().chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_lead_out_are_seen() {
        for good in ["config.json", "1_Pooling/config.json"] {
            assert!(is_inside(good), "{good}");
        }
        for bad in ["", "/etc/passwd", "../x", "a/../b", "./a", "a\\b"] {
            assert!(!is_inside(bad), "{bad}");
        }
    }
}
