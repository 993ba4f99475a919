//! What of a version's life is nowhere else: that its review was asked for, and that it was retired; and what
//! keeps it from being retired.

use std::collections::{BTreeMap, BTreeSet};

use gatemark_core::assign::Split;
use gatemark_core::{EnvironmentName, Error, Kind, PromptName, Result};
use serde::Deserialize;

use crate::audit::{self, Event};
use crate::counter::begin_change;
use crate::prompt::hash_of;
use crate::sql::{Row, Transaction, values};
use crate::store::Store;

/// That a version is not to be deployed any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retirement {
    /// Who decided it.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
    /// When, in microseconds since 1970.
    pub at: i64,
}

/// That somebody is to look at a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewRequest {
    /// Who asks.
    pub actor: String,
    /// The report that it rests on.
    pub evidence: String,
    /// What to look at.
    pub comment: Option<String>,
    /// When, in microseconds since 1970.
    pub at: i64,
    /// When the version was deployed after that.
    pub closed_at: Option<i64>,
}

/// Which version is meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct VersionId {
    /// The prompt.
    pub prompt: PromptName,
    /// The version's number.
    pub number: u32,
}

/// Retirements and requests by version.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lifecycle {
    /// Versions that are retired.
    pub retired: BTreeMap<VersionId, Retirement>,
    /// Versions whose review was asked for, the newest request of each.
    pub requests: BTreeMap<VersionId, ReviewRequest>,
    /// Versions that take part in a rollout or experiment that is in force.
    pub candidates: BTreeSet<VersionId>,
}

/// What is read here of how calls are divided.
#[derive(Deserialize)]
struct Arms {
    split: Split,
}

/// A version that takes part in a rollout or experiment in force, and where.
struct Candidate {
    number: u32,
    place: EnvironmentName,
}

/// Those of one prompt, or of all. One whose pointer something else has moved is not in force any more.
const DIVIDED: &str = "SELECT r.prompt, r.environment, r.division FROM
        (SELECT prompt, environment, deployment, division, active FROM rollouts
         UNION ALL SELECT prompt, environment, deployment, division, active FROM experiments) r
    JOIN pointers q ON q.prompt = r.prompt AND q.environment = r.environment
        AND q.deployment = r.deployment
    WHERE r.active = 1 AND r.division IS NOT NULL AND ($1 IS NULL OR r.prompt = $1)";

impl Store {
    /// The retirements and requests of one prompt, or of all.
    pub async fn lifecycle(&self, prompt: Option<&PromptName>) -> Result<Lifecycle> {
        let every = |table: &str, columns: &str| {
            let narrowed = if prompt.is_some() { " WHERE prompt = $1" } else { "" };
            format!("SELECT prompt, number, actor, at, {columns} FROM {table}{narrowed}")
        };
        let given = || prompt.map(|prompt| values![prompt]).unwrap_or_default();
        let mut found = Lifecycle::default();
        let sql = every("retirements", "reason");
        for row in self.database().read(&sql, given()).await? {
            let (actor, at) = (row.text("actor")?.into(), row.integer("at")?);
            let reason = row.optional_text("reason")?.map(String::from);
            found.retired.insert(version(&row)?, Retirement { actor, reason, at });
        }
        let sql = every("review_requests", "evidence, comment, closed_at");
        for row in self.database().read(&sql, given()).await? {
            let request = ReviewRequest {
                actor: row.text("actor")?.into(),
                evidence: row.text("evidence")?.into(),
                comment: row.optional_text("comment")?.map(String::from),
                at: row.integer("at")?,
                closed_at: row.optional_integer("closed_at")?,
            };
            found.requests.insert(version(&row)?, request);
        }
        for row in self.database().read(DIVIDED, values![prompt]).await? {
            let prompt: PromptName = row.parsed("prompt")?;
            found.candidates.extend(
                candidates(&row)?
                    .into_iter()
                    .map(|one| VersionId { prompt: prompt.clone(), number: one.number }),
            );
        }
        Ok(found)
    }

    /// Retires a version.
    ///
    /// # Errors
    /// `Conflict` if it is in use somewhere or is retired already, `NotFound` if it is not there.
    pub async fn retire(&self, version: &VersionId, retirement: &Retirement) -> Result<()> {
        let transaction = begin_change(self).await?;
        let VersionId { prompt, number } = version;
        must_exist(&transaction, version).await?;
        if let Some(usage) = in_use(&transaction, version).await? {
            return Err(Error::new(
                Kind::Conflict,
                format!("version {number} of {prompt} {usage}"),
            ));
        }
        if !enter_retirement(&transaction, version, retirement).await? {
            let message = format!("version {number} of {prompt} is retired already");
            return Err(Error::new(Kind::Conflict, message));
        }
        transaction.commit().await
    }

    /// Takes a retirement back.
    ///
    /// # Errors
    /// `NotFound` if the version is not retired.
    pub async fn unretire(&self, version: &VersionId, actor: &str, at: i64) -> Result<()> {
        let transaction = begin_change(self).await?;
        let VersionId { prompt, number } = version;
        let sql = "DELETE FROM retirements WHERE prompt = $1 AND number = $2";
        if transaction.execute(sql, values![prompt, *number]).await? == 0 {
            return Err(Error::not_found(format!("version {number} of {prompt} is not retired")));
        }
        let detail = format!("version {number}");
        let (action, subject) = ("unretire", prompt.as_str());
        audit::record(&transaction, Event { at, actor, action, subject, detail }).await?;
        transaction.commit().await
    }

    /// Writes down that a version's review is asked for. A second request takes the place of the first.
    ///
    /// # Errors
    /// `NotFound` if the version is not there.
    pub async fn request_review(&self, version: &VersionId, request: &ReviewRequest) -> Result<()> {
        let transaction = begin_change(self).await?;
        let VersionId { prompt, number } = version;
        must_exist(&transaction, version).await?;
        let ReviewRequest { actor, evidence, comment, at, .. } = request;
        let sql = "INSERT INTO review_requests (prompt, number, actor, evidence, comment, at)
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (prompt, number) DO UPDATE SET
                   actor = excluded.actor, evidence = excluded.evidence, comment = excluded.comment,
                   at = excluded.at, closed_at = NULL";
        let said = comment.as_deref();
        let row = values![prompt, *number, actor.as_str(), evidence.as_str(), said, *at];
        transaction.execute(sql, row).await?;
        let said = said.map(|comment| format!(": {comment}")).unwrap_or_default();
        let detail = format!("version {number}, report {evidence}{said}");
        let (action, subject) = ("review.request", prompt.as_str());
        audit::record(&transaction, Event { at: *at, actor, action, subject, detail }).await?;
        transaction.commit().await
    }
}

/// Retires a version whose time is over, inside the transaction that says so; one that is in use elsewhere, or
/// retired already, stays as it is.
pub(crate) async fn retire_unless_used(
    transaction: &Transaction,
    version: &VersionId,
    retirement: &Retirement,
) -> Result<()> {
    if in_use(transaction, version).await?.is_none() {
        enter_retirement(transaction, version, retirement).await?;
    }
    Ok(())
}

/// `false` if it is retired already.
async fn enter_retirement(
    transaction: &Transaction,
    version: &VersionId,
    retirement: &Retirement,
) -> Result<bool> {
    let VersionId { prompt, number } = version;
    let Retirement { actor, reason, at } = retirement;
    let sql = "INSERT INTO retirements (prompt, number, actor, reason, at)
               VALUES ($1, $2, $3, $4, $5) ON CONFLICT (prompt, number) DO NOTHING";
    let row = values![prompt, *number, actor.as_str(), reason.as_deref(), *at];
    if transaction.execute(sql, row).await? == 0 {
        return Ok(false);
    }
    let said = reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let detail = format!("version {number}{said}");
    let (action, subject) = ("retire", prompt.as_str());
    audit::record(transaction, Event { at: *at, actor, action, subject, detail }).await?;
    Ok(true)
}

/// What a version is needed for, with what to do first.
async fn in_use(transaction: &Transaction, version: &VersionId) -> Result<Option<String>> {
    let VersionId { prompt, number } = version;
    let sql = "SELECT d.environment FROM pointers q JOIN deployments d ON d.id = q.deployment
               WHERE d.prompt = $1 AND d.number = $2";
    if let Some(row) = transaction.query_one(sql, values![prompt, *number]).await? {
        return Ok(Some(format!("serves in {}: deploy another first", row.text("environment")?)));
    }
    for row in transaction.query(DIVIDED, values![prompt]).await? {
        let found = candidates(&row)?.into_iter().find(|one| one.number == *number);
        if let Some(Candidate { place, .. }) = found {
            return Ok(Some(format!(
                "is the candidate of a rollout or experiment in {place}: end that first"
            )));
        }
    }
    Ok(None)
}

fn candidates(row: &Row) -> Result<Vec<Candidate>> {
    let place: EnvironmentName = row.parsed("environment")?;
    let Arms { split } = row.document("division")?;
    let arms = split.arms.into_iter();
    Ok(arms.map(|arm| Candidate { number: arm.number, place: place.clone() }).collect())
}

/// Whether a version is retired, inside the transaction that would deploy it.
pub(crate) async fn is_retired(
    transaction: &Transaction,
    prompt: &PromptName,
    number: u32,
) -> Result<bool> {
    let sql = "SELECT at FROM retirements WHERE prompt = $1 AND number = $2";
    Ok(transaction.query_one(sql, values![prompt, number]).await?.is_some())
}

/// The version is deployed, or a rollout of it begins: its review is over.
pub(crate) async fn close_request(
    transaction: &Transaction,
    prompt: &PromptName,
    number: u32,
    at: i64,
) -> Result<()> {
    let sql = "UPDATE review_requests SET closed_at = $3
               WHERE prompt = $1 AND number = $2 AND closed_at IS NULL";
    transaction.execute(sql, values![prompt, number, at]).await.map(drop)
}

async fn must_exist(transaction: &Transaction, version: &VersionId) -> Result<()> {
    let VersionId { prompt, number } = version;
    match hash_of(transaction, prompt, *number).await? {
        Some(_) => Ok(()),
        None => Err(Error::not_found(format!("{prompt} has no version {number}"))),
    }
}

fn version(row: &Row) -> Result<VersionId> {
    Ok(VersionId { prompt: row.parsed("prompt")?, number: row.number("number")? })
}
