//! What people do with the calls that they look at.
//!
//! An act is read, decided by [`gatemark_core::review::Desk::after`] and written in one transaction that holds the
//! writer's lock from before the read, and the row is written under the revision that was read. A decision, its score
//! and its entry in the audit log are there together or not at all. Claims and their ends are not in the audit log:
//! they change nothing but who is at it.

use gatemark_core::review::{
    Act, Cause, Claim, Decision, Desk, Finding, Label, Priority, Resolution, ReviewItem,
};
use gatemark_core::score::{Score, ScoreSource, ScoreValue};
use gatemark_core::{EnvironmentName, Error, Kind, PromptName, Result};

use crate::audit::{self, Event};
use crate::score;
use crate::sql::{Row, Transaction, Value, to_document, values};
use crate::store::Store;

/// The name of the score that a decision gives a call.
pub const SCORE: &str = "review";

/// Calls that stand where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Standing {
    /// Undecided, taken or not.
    #[default]
    Waiting,
    /// Undecided, and nobody is at it.
    Open,
    /// Undecided, and somebody is at it.
    Claimed,
    /// Decided.
    Decided,
    /// Skipped.
    Skipped,
    /// Decided or skipped.
    Resolved,
    /// All of them.
    All,
}

impl Standing {
    /// Every standing with its word.
    pub const WORDS: [(&'static str, Self); 7] = [
        ("waiting", Self::Waiting),
        ("open", Self::Open),
        ("claimed", Self::Claimed),
        ("decided", Self::Decided),
        ("skipped", Self::Skipped),
        ("resolved", Self::Resolved),
        ("all", Self::All),
    ];

    /// The standing that `word` names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.into_iter().find(|(known, _)| *known == word).map(|(_, standing)| standing)
    }

    fn is_ahead(self) -> bool {
        matches!(self, Self::Waiting | Self::Open | Self::Claimed)
    }
}

/// Which calls of the queue; whatever is `None` does not narrow.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReviewFilter {
    /// Where they stand at `now`.
    pub standing: Standing,
    /// When that is asked, in microseconds since 1970.
    pub now: i64,
    /// Of this prompt.
    pub prompt: Option<PromptName>,
    /// In this environment.
    pub environment: Option<EnvironmentName>,
    /// Looked at for this most pressing cause.
    pub cause: Option<Cause>,
    /// With this label.
    pub label: Option<Label>,
    /// For this person to look at: assigned to them, or taken by them.
    pub person: Option<String>,
    /// Begun before the time that stands with their environment, in microseconds since 1970.
    pub overdue: Option<Vec<(String, i64)>>,
    /// Begun at this time or later, in microseconds since 1970.
    pub since: Option<i64>,
    /// At most this many.
    pub limit: u32,
}

const ITEM: &str = "SELECT call, at, prompt, number, environment, reason, reasons, cause, priority, revision, \
                    assignee, claimed_by, claimed_until, labels, decision, answer, note, actor, resolved_at \
                    FROM reviews";

impl Store {
    /// Calls of the queue: what waits, the most pressing first; anything else, the oldest first.
    pub async fn reviews(&self, filter: &ReviewFilter) -> Result<Vec<ReviewItem>> {
        let (narrowed, mut values) = conditions(filter);
        values.push(filter.limit.into());
        let order = if filter.standing.is_ahead() { "priority DESC, at, call" } else { "at, call" };
        let sql = format!("{ITEM}{narrowed} ORDER BY {order} LIMIT ${}", values.len());
        self.database().read(&sql, values).await?.iter().map(item).collect()
    }

    /// One call of the queue.
    pub async fn review(&self, call: &str) -> Result<Option<ReviewItem>> {
        let row =
            self.database().read_one(&format!("{ITEM} WHERE call = $1"), values![call]).await?;
        row.as_ref().map(item).transpose()
    }

    /// What somebody does with a call at a time (microseconds since 1970); the call as it is then. With `seen`, only
    /// if the call is still at that revision, or is so already.
    ///
    /// # Errors
    /// `NotFound` if the call is not in the queue; `Conflict` if it has changed since it was seen
    /// (`review_changed`), and those of [`Desk::after`].
    pub async fn act_on_review(
        &self,
        call: &str,
        act: &Act,
        (actor, now): (&str, i64),
        seen: Option<i64>,
    ) -> Result<ReviewItem> {
        let transaction = self.database().begin().await?;
        let row = transaction.query_one(&format!("{ITEM} WHERE call = $1"), values![call]).await?;
        let Some(before) = row.as_ref().map(item).transpose()? else {
            let message = format!("call {call} is not in the review queue");
            return Err(Error::not_found(message).coded("review_not_found"));
        };
        let Some(desk) = before.desk.after(act, actor, now)? else { return Ok(before) };
        if seen.is_some_and(|seen| seen != before.desk.revision) {
            return Err(changed(call));
        }
        keep(&transaction, &before, &desk).await?;
        note(&transaction, &before, &desk, act, (actor, now)).await?;
        transaction.commit().await?;
        Ok(ReviewItem { desk, ..before })
    }

    /// Takes the call that somebody should look at next, until a time: what is assigned to them first, then the most
    /// pressing, then the oldest. Of the filter, prompt, environment and cause narrow. `None` if there is nothing.
    pub async fn claim_next_review(
        &self,
        filter: &ReviewFilter,
        (actor, now): (&str, i64),
        until: i64,
    ) -> Result<Option<ReviewItem>> {
        let wanted = ReviewFilter {
            standing: Standing::Open,
            now,
            prompt: filter.prompt.clone(),
            environment: filter.environment.clone(),
            cause: filter.cause,
            ..ReviewFilter::default()
        };
        let (narrowed, mut values) = conditions(&wanted);
        values.push(actor.into());
        let sql = format!(
            "{ITEM}{narrowed} AND (assignee IS NULL OR assignee = ${0})
             ORDER BY CASE WHEN assignee IS NULL THEN 1 ELSE 0 END, priority DESC, at, call LIMIT 1",
            values.len()
        );
        let transaction = self.database().begin().await?;
        let row = transaction.query_one(&sql, values).await?;
        let Some(before) = row.as_ref().map(item).transpose()? else { return Ok(None) };
        let after = before.desk.after(&Act::Claim { until }, actor, now)?;
        let Some(desk) = after else { return Ok(Some(before)) };
        keep(&transaction, &before, &desk).await?;
        transaction.commit().await?;
        Ok(Some(ReviewItem { desk, ..before }))
    }
}

fn changed(call: &str) -> Error {
    let message = format!("call {call} has changed since you saw it: look again");
    Error::new(Kind::Conflict, message).coded("review_changed")
}

/// Writes what people did, under the revision that was read.
async fn keep(transaction: &Transaction, before: &ReviewItem, desk: &Desk) -> Result<()> {
    let (claim, resolved) = (desk.claim.as_ref(), desk.resolved.as_ref());
    let labels = (!desk.labels.is_empty()).then(|| to_document(&desk.labels)).transpose()?;
    let sql = "UPDATE reviews SET revision = $3, assignee = $4, claimed_by = $5, claimed_until = $6, labels = $7,
                 decision = $8, answer = $9, note = $10, actor = $11, resolved_at = $12
               WHERE call = $1 AND revision = $2";
    let row = values![
        before.call.as_str(),
        before.desk.revision,
        desk.revision,
        desk.assignee.as_deref(),
        claim.map(|claim| claim.by.as_str()),
        claim.map(|claim| claim.until),
        labels,
        resolved.map(|found| found.decision.word()),
        resolved.and_then(|found| found.answer.as_deref()),
        resolved.and_then(|found| found.note.as_deref()),
        resolved.map(|found| found.actor.as_str()),
        resolved.map(|found| found.at),
    ];
    if transaction.execute(sql, row).await? == 0 {
        return Err(changed(&before.call));
    }
    Ok(())
}

/// The score of a decision, and the entry in the audit log of what is more than a claim.
async fn note(
    transaction: &Transaction,
    before: &ReviewItem,
    desk: &Desk,
    act: &Act,
    (actor, at): (&str, i64),
) -> Result<()> {
    let detail = match act {
        Act::Claim { .. } | Act::Release => return Ok(()),
        Act::Assign { to } => to.clone().map_or("to nobody".to_string(), |to| format!("to {to}")),
        Act::Label { .. } => {
            let labels: Vec<&str> = desk.labels.iter().map(Label::as_str).collect();
            labels.join(" ")
        }
        Act::Decide { note, .. } => {
            if let Some(resolved) = &desk.resolved {
                give_score(transaction, &before.call, resolved).await?;
            }
            let instead =
                before.desk.resolved.as_ref().map(|before| {
                    format!("instead of {}'s {}", before.actor, before.decision.word())
                });
            let said = [instead, note.clone()].into_iter().flatten().collect::<Vec<_>>();
            said.join(": ")
        }
    };
    let action = format!("review.{}", act.word());
    let event = Event { at, actor, action: &action, subject: &before.call, detail };
    audit::record(transaction, event).await
}

/// What a decision says of the answer as the model gave it. Of a call whose record is gone nothing can be said.
async fn give_score(transaction: &Transaction, call: &str, resolved: &Resolution) -> Result<()> {
    let Some(finding) = resolved.finding else { return Ok(()) };
    let score = Score {
        call: call.to_string(),
        name: SCORE.to_string(),
        value: ScoreValue::Bool(finding == Finding::Right),
        comment: resolved.note.clone(),
        source: ScoreSource::Reviewer,
        author: resolved.actor.clone(),
        at: resolved.at,
    };
    score.check()?;
    match score::keep(transaction, &score, None).await {
        Err(error) if error.kind() == Kind::NotFound => Ok(()),
        other => other.map(drop),
    }
}

/// The `WHERE` part for a filter; it is never empty.
fn conditions(filter: &ReviewFilter) -> (String, Vec<Value>) {
    let mut values: Vec<Value> = vec![];
    let mut place = |value: Value| {
        values.push(value);
        format!("${}", values.len())
    };
    let mut all = vec![match filter.standing {
        Standing::Waiting => "decision IS NULL".to_string(),
        Standing::Open => {
            let now = place(filter.now.into());
            format!("decision IS NULL AND (claimed_until IS NULL OR claimed_until <= {now})")
        }
        Standing::Claimed => {
            format!("decision IS NULL AND claimed_until > {}", place(filter.now.into()))
        }
        Standing::Decided => "decision IS NOT NULL AND decision <> 'skip'".to_string(),
        Standing::Skipped => "decision = 'skip'".to_string(),
        Standing::Resolved => "decision IS NOT NULL".to_string(),
        Standing::All => "1 = 1".to_string(),
    }];
    if let Some(prompt) = &filter.prompt {
        all.push(format!("prompt = {}", place(prompt.into())));
    }
    if let Some(environment) = &filter.environment {
        all.push(format!("COALESCE(environment, '') = {}", place(environment.as_str().into())));
    }
    if let Some(cause) = filter.cause {
        all.push(format!("cause = {}", place(cause.word().into())));
    }
    if let Some(label) = &filter.label {
        // Of what a label can hold, only `_` means something there.
        let quoted = label.as_str().replace('_', "\\_");
        all.push(format!("labels LIKE {} ESCAPE '\\'", place(format!("%\"{quoted}\"%").into())));
    }
    if let Some(person) = &filter.person {
        let (person, now) = (place(person.as_str().into()), place(filter.now.into()));
        all.push(format!(
            "(assignee = {person} OR (claimed_by = {person} AND claimed_until > {now}))"
        ));
    }
    if let Some(since) = filter.since {
        all.push(format!("at >= {}", place(since.into())));
    }
    if let Some(overdue) = &filter.overdue {
        let each = overdue.iter().map(|(environment, before)| {
            let environment = place(environment.as_str().into());
            format!(
                "(COALESCE(environment, '') = {environment} AND at < {})",
                place((*before).into())
            )
        });
        let each: Vec<String> = each.collect();
        all.push(if each.is_empty() { "1 = 0".into() } else { format!("({})", each.join(" OR ")) });
    }
    (format!(" WHERE {}", all.join(" AND ")), values)
}

fn item(row: &Row) -> Result<ReviewItem> {
    let owned = |column| Ok::<_, Error>(row.optional_text(column)?.map(String::from));
    let unknown = |what: &str, word: &str| {
        Error::internal(format!("a review has the unknown {what} {word:?}"))
    };
    let reasons = match row.optional_text("reasons")? {
        Some(_) => row.document("reasons")?,
        None => vec![row.text("reason")?.to_string()],
    };
    let cause = row.text("cause")?;
    let level = row.integer("priority")?;
    let resolved = match row.optional_text("decision")? {
        None => None,
        Some(word) => {
            let decision = Decision::from_word(word).ok_or_else(|| unknown("decision", word))?;
            Some(Resolution {
                decision,
                finding: decision.finding(),
                answer: owned("answer")?,
                note: owned("note")?,
                actor: owned("actor")?.unwrap_or_default(),
                at: row.optional_integer("resolved_at")?.unwrap_or_default(),
            })
        }
    };
    let claim = owned("claimed_by")?.zip(row.optional_integer("claimed_until")?);
    let labels = match row.optional_text("labels")? {
        Some(_) => row.document("labels")?,
        None => Default::default(),
    };
    Ok(ReviewItem {
        call: row.text("call")?.into(),
        at: row.integer("at")?,
        prompt: row.parsed("prompt")?,
        number: row.optional_number("number")?.unwrap_or_default(),
        environment: owned("environment")?,
        reasons,
        cause: Cause::from_word(cause).ok_or_else(|| unknown("cause", cause))?,
        priority: Priority::from_level(level).unwrap_or(Priority::Normal),
        desk: Desk {
            revision: row.integer("revision")?,
            assignee: owned("assignee")?,
            claim: claim.map(|(by, until)| Claim { by, until }),
            labels,
            resolved,
        },
    })
}
