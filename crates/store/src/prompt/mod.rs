//! Prompts and their versions: `push` writes them, the rest reads them.

mod push;

use std::collections::BTreeMap;

use gatemark_core::prompt::Version;
use gatemark_core::{Digest, EnvironmentName, PromptName, Result, canonical};

pub use push::{NewVersion, Pushed};

use crate::sql::{Row, Transaction, values};
use crate::store::Store;

/// A prompt at a glance.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptSummary {
    /// What applications call.
    pub name: PromptName,
    /// What it is for, for people.
    pub description: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// How many versions there are.
    pub versions: u32,
    /// The newest version's number.
    pub latest_number: u32,
    /// The newest version's semantic version.
    pub latest_semver: semver::Version,
    /// The newest version's hash.
    pub latest_hash: Digest,
    /// The current suite, if there is one.
    pub suite: Option<Digest>,
    /// Which version's number serves where.
    pub deployed: BTreeMap<EnvironmentName, u32>,
    /// When anything about it was last pushed, in microseconds since 1970.
    pub updated_at: i64,
}

const SUMMARY: &str = "SELECT p.name, p.description, p.owner, p.suite, p.updated_at,
        v.number, v.semver, v.hash
    FROM prompts p JOIN versions v ON v.prompt = p.name
    WHERE v.number = (SELECT MAX(newest.number) FROM versions newest WHERE newest.prompt = p.name)";

const DEPLOYED: &str = "SELECT d.prompt, d.environment, d.number
    FROM pointers q JOIN deployments d ON d.id = q.deployment";

const VERSION: &str =
    "SELECT prompt, number, semver, hash, document, changelog, author, created_at FROM versions";

impl Store {
    /// Every prompt, by name.
    pub async fn prompts(&self) -> Result<Vec<PromptSummary>> {
        let sql = format!("{SUMMARY} ORDER BY p.name");
        let rows = self.database().read(&sql, values![]).await?;
        let mut deployed: BTreeMap<PromptName, BTreeMap<EnvironmentName, u32>> = BTreeMap::new();
        for row in self.database().read(DEPLOYED, values![]).await? {
            let of_prompt = deployed.entry(row.parsed("prompt")?).or_default();
            of_prompt.insert(row.parsed("environment")?, row.number("number")?);
        }
        rows.iter()
            .map(|row| {
                let of_prompt = deployed.remove(&row.parsed("name")?).unwrap_or_default();
                summary(row, of_prompt)
            })
            .collect()
    }

    /// One prompt.
    pub async fn prompt(&self, name: &PromptName) -> Result<Option<PromptSummary>> {
        let sql = format!("{SUMMARY} AND p.name = $1");
        let Some(row) = self.database().read_one(&sql, values![name]).await? else {
            return Ok(None);
        };
        let sql = format!("{DEPLOYED} WHERE q.prompt = $1");
        let mut deployed = BTreeMap::new();
        for row in self.database().read(&sql, values![name]).await? {
            deployed.insert(row.parsed("environment")?, row.number("number")?);
        }
        summary(&row, deployed).map(Some)
    }

    /// Every version of a prompt, newest first; empty if there is no such prompt.
    pub async fn versions(&self, prompt: &PromptName) -> Result<Vec<Version>> {
        let sql = format!("{VERSION} WHERE prompt = $1 ORDER BY number DESC");
        self.database().read(&sql, values![prompt]).await?.iter().map(version).collect()
    }

    /// The version with this number.
    pub async fn version(&self, prompt: &PromptName, number: u32) -> Result<Option<Version>> {
        let sql = format!("{VERSION} WHERE prompt = $1 AND number = $2");
        let row = self.database().read_one(&sql, values![prompt, number]).await?;
        row.as_ref().map(version).transpose()
    }

    /// Those of `wanted`, a handful of hundreds at most, that exist, in one statement. What is wrong with one is
    /// told of that one.
    pub async fn versions_of(
        &self,
        wanted: Vec<(PromptName, u32)>,
    ) -> Result<Vec<((PromptName, u32), Result<Version>)>> {
        if wanted.is_empty() {
            return Ok(vec![]);
        }
        let pair = |index: usize| format!("(${}, ${})", 2 * index + 1, 2 * index + 2);
        let pairs = (0..wanted.len()).map(pair).collect::<Vec<_>>().join(", ");
        let sql = format!("{VERSION} WHERE (prompt, number) IN (VALUES {pairs})");
        let values = wanted.iter().flat_map(|(prompt, number)| values![prompt, *number]).collect();
        let rows = self.database().read(&sql, values).await?;
        let named = |row: &Row| Ok(((row.parsed("prompt")?, row.number("number")?), version(row)));
        rows.iter().map(named).collect()
    }

    /// The newest version.
    pub async fn latest(&self, prompt: &PromptName) -> Result<Option<Version>> {
        let sql = format!("{VERSION} WHERE prompt = $1 ORDER BY number DESC LIMIT 1");
        let row = self.database().read_one(&sql, values![prompt]).await?;
        row.as_ref().map(version).transpose()
    }

    /// The version with exactly this semantic version.
    pub async fn version_by_semver(
        &self,
        prompt: &PromptName,
        semver: &semver::Version,
    ) -> Result<Option<Version>> {
        let sql = format!("{VERSION} WHERE prompt = $1 AND semver = $2");
        let row = self.database().read_one(&sql, values![prompt, semver.to_string()]).await?;
        row.as_ref().map(version).transpose()
    }
}

/// The stored hash of a version, inside a transaction that is going to rely on it.
pub(crate) async fn hash_of(
    transaction: &Transaction,
    prompt: &PromptName,
    number: u32,
) -> Result<Option<Digest>> {
    let sql = "SELECT hash FROM versions WHERE prompt = $1 AND number = $2";
    let row = transaction.query_one(sql, values![prompt, number]).await?;
    row.map(|row| row.parsed("hash")).transpose()
}

fn summary(row: &Row, deployed: BTreeMap<EnvironmentName, u32>) -> Result<PromptSummary> {
    let latest_number = row.number("number")?;
    Ok(PromptSummary {
        name: row.parsed("name")?,
        description: row.optional_text("description")?.map(String::from),
        owner: row.optional_text("owner")?.map(String::from),
        // Numbers are given without gaps and versions are never deleted.
        versions: latest_number,
        latest_number,
        latest_semver: row.parsed("semver")?,
        latest_hash: row.parsed("hash")?,
        suite: row.optional_parsed("suite")?,
        deployed,
        updated_at: row.integer("updated_at")?,
    })
}

fn version(row: &Row) -> Result<Version> {
    let hash = row.parsed("hash")?;
    Ok(Version {
        prompt: row.parsed("prompt")?,
        number: row.number("number")?,
        semver: row.parsed("semver")?,
        content: canonical::open(row.text("document")?, &hash)?,
        hash,
        changelog: row.optional_text("changelog")?.map(String::from),
        author: row.text("author")?.into(),
        created_at: row.integer("created_at")?,
    })
}
