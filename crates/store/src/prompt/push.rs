//! Registers versions, all of a push or none.

use gatemark_core::canonical::Canonical;
use gatemark_core::{Digest, Error, Kind, PromptName, Result};

use crate::audit::{self, Event};
use crate::counter::begin_change;
use crate::sql::{Transaction, values};
use crate::store::Store;

/// One prompt of a push, as its files say it is.
#[derive(Debug, Clone)]
pub struct NewVersion {
    /// The prompt; made if it does not exist.
    pub prompt: PromptName,
    /// What it is for; `None` takes an earlier one away.
    pub description: Option<String>,
    /// Who answers for it; `None` takes an earlier one away.
    pub owner: Option<String>,
    /// The version's semantic version.
    pub semver: semver::Version,
    /// The version's content.
    pub canonical: Canonical,
    /// Why the version exists. For a version that exists it is stored only where it has none.
    pub changelog: Option<String>,
    /// The prompt's suite; `None` leaves the prompt without one.
    pub suite: Option<Canonical>,
    /// The number of the version that this one was compared with; `None` if there was none.
    pub after: Option<u32>,
    /// Whether to register a version. If false the content is that of version `after`, and only what
    /// surrounds it is updated.
    pub register: bool,
}

/// What a push did with one prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The prompt.
    pub prompt: PromptName,
    /// The number of the version that has the pushed content.
    pub number: u32,
    /// Whether that version is new.
    pub new_version: bool,
    /// Whether the prompt's suite is another one than before.
    pub suite_changed: bool,
}

impl Store {
    /// Registers `versions` in one transaction, or none of them. Writes an audit entry for every prompt
    /// that changed; a push that changes nothing leaves the revision alone.
    ///
    /// # Errors
    /// `Conflict` if a prompt's newest version is not the one that its content was compared with, or if
    /// the content or the semantic version is that of an earlier version.
    pub async fn push(
        &self,
        versions: &[NewVersion],
        author: &str,
        at: i64,
    ) -> Result<Vec<Pushed>> {
        let transaction = begin_change(self).await?;
        let mut pushed = Vec::with_capacity(versions.len());
        let mut changed = false;
        for new in versions {
            let step = Step { transaction: &transaction, new, author, at };
            let (one, one_changed) = step.run().await?;
            changed |= one_changed;
            pushed.push(one);
        }
        if changed {
            transaction.commit().await?;
        }
        Ok(pushed)
    }
}

/// The push of one prompt.
struct Step<'a> {
    transaction: &'a Transaction,
    new: &'a NewVersion,
    author: &'a str,
    at: i64,
}

/// A prompt's newest version.
struct Latest {
    number: u32,
    hash: Digest,
    has_changelog: bool,
}

impl Step<'_> {
    async fn run(&self) -> Result<(Pushed, bool)> {
        let new = self.new;
        let latest = self.latest().await?;
        self.check_base(latest.as_ref())?;
        let mut changes = Vec::new();
        let suite_changed = self.surroundings(latest.is_none(), &mut changes).await?;
        let number = if new.register {
            let number = self.register(latest.as_ref()).await?;
            changes.insert(
                0,
                format!("version {number} ({}, {})", new.semver, new.canonical.digest.short()),
            );
            number
        } else {
            self.keep(latest.as_ref(), &mut changes).await?
        };
        let changed = !changes.is_empty();
        if changed {
            self.touch(changes.join("; ")).await?;
        }
        let prompt = new.prompt.clone();
        Ok((Pushed { prompt, number, new_version: new.register, suite_changed }, changed))
    }

    async fn latest(&self) -> Result<Option<Latest>> {
        let sql = "SELECT number, hash, changelog FROM versions WHERE prompt = $1
                   ORDER BY number DESC LIMIT 1";
        let Some(row) = self.transaction.query_one(sql, values![&self.new.prompt]).await? else {
            return Ok(None);
        };
        Ok(Some(Latest {
            number: row.number("number")?,
            hash: row.parsed("hash")?,
            has_changelog: row.optional_text("changelog")?.is_some_and(|text| !text.is_empty()),
        }))
    }

    /// Somebody else may have pushed between the comparison and now; their change must not be passed over.
    fn check_base(&self, latest: Option<&Latest>) -> Result<()> {
        let now = latest.map(|latest| latest.number);
        if now == self.new.after {
            return Ok(());
        }
        let say = |number: Option<u32>| number.map_or("none".into(), |n| format!("version {n}"));
        Err(self.conflict(&format!(
            "its newest version is {}, but the push was compared with {}: push again",
            say(now),
            say(self.new.after)
        )))
    }

    /// Stores description, owner and suite; tells whether the suite is another one.
    async fn surroundings(&self, is_new: bool, changes: &mut Vec<String>) -> Result<bool> {
        let new = self.new;
        let suite = new.suite.as_ref().map(|suite| suite.digest);
        if let Some(suite) = &new.suite {
            let sql = "INSERT INTO suites (digest, document, created_at) VALUES ($1, $2, $3)
                       ON CONFLICT (digest) DO NOTHING";
            let row = values![&suite.digest, suite.text.as_str(), self.at];
            self.transaction.execute(sql, row).await?;
        }
        let description = new.description.as_deref();
        let owner = new.owner.as_deref();
        if is_new {
            let sql = "INSERT INTO prompts (name, description, owner, suite, updated_at)
                       VALUES ($1, $2, $3, $4, $5)";
            let row = values![&new.prompt, description, owner, suite.as_ref(), self.at];
            self.transaction.execute(sql, row).await?;
            return Ok(suite.is_some());
        }
        let sql = "SELECT description, owner, suite FROM prompts WHERE name = $1";
        let rows = self.transaction.query(sql, values![&new.prompt]).await?;
        let Some(before) = rows.first() else {
            return Err(Error::internal(format!("prompt {} has versions but no row", new.prompt)));
        };
        let suite_changed = before.optional_parsed::<Digest>("suite")? != suite;
        if suite_changed {
            changes.push(suite.map_or("suite removed".into(), |s| format!("suite {}", s.short())));
        }
        if before.optional_text("description")? != description {
            changes.push("description".into());
        }
        if before.optional_text("owner")? != owner {
            changes.push(format!("owner {}", owner.unwrap_or("removed")));
        }
        let sql = "UPDATE prompts SET description = $2, owner = $3, suite = $4 WHERE name = $1";
        let row = values![&new.prompt, description, owner, suite.as_ref()];
        self.transaction.execute(sql, row).await?;
        Ok(suite_changed)
    }

    async fn register(&self, latest: Option<&Latest>) -> Result<u32> {
        let new = self.new;
        let hash = &new.canonical.digest;
        let semver = new.semver.to_string();
        // An older version's content may come back under a higher number; the newest's is no new version.
        if let Some(same) = latest.filter(|latest| latest.hash == *hash) {
            let message = format!("this content is version {} already", same.number);
            return Err(self.conflict(&message));
        }
        let sql = "SELECT number FROM versions WHERE prompt = $1 AND semver = $2";
        let row = self.transaction.query_one(sql, values![&new.prompt, &*semver]).await?;
        if let Some(same) = row {
            let number = same.number("number")?;
            let message = format!("version {number} is {semver} already: choose a higher version");
            return Err(self.conflict(&message));
        }
        let number = latest.map_or(0, |latest| latest.number) + 1;
        let sql = "INSERT INTO versions
                   (prompt, number, semver, hash, document, changelog, author, created_at)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let document = new.canonical.text.as_str();
        let changelog = new.changelog.as_deref();
        let row =
            values![&new.prompt, number, semver, hash, document, changelog, self.author, self.at];
        self.transaction.execute(sql, row).await?;
        Ok(number)
    }

    /// The newest version stays; it may still be told why it exists.
    async fn keep(&self, latest: Option<&Latest>, changes: &mut Vec<String>) -> Result<u32> {
        let new = self.new;
        let Some(latest) = latest else {
            return Err(self.conflict("it has no version yet, so there is nothing to keep"));
        };
        if latest.hash != new.canonical.digest {
            return Err(self.conflict(&format!(
                "its content is not that of version {}: push again",
                latest.number
            )));
        }
        let late =
            new.changelog.as_deref().filter(|text| !text.is_empty() && !latest.has_changelog);
        if let Some(changelog) = late {
            let sql = "UPDATE versions SET changelog = $3 WHERE prompt = $1 AND number = $2";
            let row = values![&new.prompt, latest.number, changelog];
            self.transaction.execute(sql, row).await?;
            changes.push(format!("changelog of version {}", latest.number));
        }
        Ok(latest.number)
    }

    async fn touch(&self, detail: String) -> Result<()> {
        let sql = "UPDATE prompts SET updated_at = $2 WHERE name = $1";
        self.transaction.execute(sql, values![&self.new.prompt, self.at]).await?;
        let subject = self.new.prompt.as_str();
        let (at, actor) = (self.at, self.author);
        audit::record(self.transaction, Event { at, actor, action: "push", subject, detail }).await
    }

    fn conflict(&self, why: &str) -> Error {
        Error::new(Kind::Conflict, format!("cannot push {}: {why}", self.new.prompt))
    }
}
