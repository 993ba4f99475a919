//! Rollouts: one document each, changed only by whoever read its newest revision.
//!
//! What a change of a rollout brings with it is in its transaction: the units that count from then on, the entry
//! in the audit log, the pointer's move, and the registry's revision by which every server learns of it. So a
//! controller may be killed between any two statements, and two may run at once: a change is there whole, once,
//! or not at all.

use gatemark_core::assign::{Arm, Split};
use gatemark_core::deploy::Deployment;
use gatemark_core::gate::{AdmittedModel, Permit};
use gatemark_core::rollout::{Change, Counted, Rollout, Side};
use gatemark_core::upstream::Upstreams;
use gatemark_core::{EnvironmentName, Error, Kind, PromptName, Result};
use serde::{Deserialize, Serialize};

use crate::audit::{self, Event};
use crate::brink;
use crate::counter::begin_change;
use crate::deploy::{self, Admitted};
use crate::lifecycle::{self, Retirement, VersionId};
use crate::observation::{self, counted_rows};
use crate::sql::{Row, Transaction, to_document, values};
use crate::store::Store;

/// How calls are divided, as the data plane needs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Division {
    /// Who gets which arm.
    pub split: Split,
    /// The report on which the candidate was admitted, if the policy asked for one.
    #[serde(default)]
    pub evidence: Option<String>,
    /// Who answered in that report.
    #[serde(default)]
    pub upstreams: Upstreams,
    /// The candidate's other models that may answer.
    #[serde(default)]
    pub fallbacks: Vec<AdmittedModel>,
    /// Where there are several arms, what each is served by, in place of the three above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sides: Vec<Side>,
}

/// A division and where it is in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Divided {
    /// The prompt.
    pub prompt: PromptName,
    /// Where.
    pub environment: EnvironmentName,
    /// The deployment that it belongs to: with another one it is not in force.
    pub deployment: i64,
    /// How.
    pub division: Division,
}

impl Divided {
    /// What is known of an arm's version, as of one that a deployment admitted.
    pub fn admitted(&self, arm: &Arm) -> Admitted {
        let Division { evidence, upstreams, fallbacks, sides, .. } = self.division.clone();
        let (prompt, environment, number) =
            (self.prompt.clone(), self.environment.clone(), arm.number);
        let model = arm.model.clone();
        let own = sides.into_iter().find(|side| side.number == number && side.model == model);
        let (evidence, upstreams, fallbacks) = match own {
            Some(side) => (side.evidence, side.upstreams, side.fallbacks),
            None => (evidence, upstreams, fallbacks),
        };
        Admitted { prompt, environment, number, model, evidence, upstreams, fallbacks }
    }
}

/// What is written down about a change of a rollout, and by whom.
#[derive(Debug)]
pub struct Noted<'a> {
    /// The change.
    pub change: &'a Change,
    /// Who made it.
    pub actor: &'a str,
    /// When, in microseconds since 1970.
    pub at: i64,
}

impl Store {
    /// Stores a rollout that begins, as `permit` allows its candidate.
    ///
    /// # Errors
    /// As [`Store::follow_rollout`].
    pub async fn begin_rollout(
        &self,
        permit: Permit,
        rollout: &Rollout,
        detail: String,
    ) -> Result<()> {
        self.follow_rollout(permit, rollout, detail, None).await
    }

    /// The same where another rollout is `ending` by that: both or neither.
    ///
    /// # Errors
    /// `Conflict` if the permit is not about what is stored or about another version, if the pointer moved since
    /// the decision, if a rollout of the prompt is going on there, or if the one that ends has changed.
    pub async fn follow_rollout(
        &self,
        permit: Permit,
        rollout: &Rollout,
        detail: String,
        ending: Option<(&Rollout, Noted<'_>)>,
    ) -> Result<()> {
        let same = permit.prompt() == &rollout.prompt
            && permit.environment() == &rollout.environment
            && permit.number() == rollout.candidate.number
            && permit.serving() == Some(rollout.deployment);
        if !same {
            return Err(Error::internal("a permit was used for another rollout"));
        }
        let transaction = begin_change(self).await?;
        deploy::check(&transaction, &permit).await?;
        no_experiment(&transaction, &rollout.prompt, &rollout.environment).await?;
        if let Some((before, noted)) = ending {
            if !replace(&transaction, before).await? {
                return Err(going_on(rollout));
            }
            note(&transaction, before, &noted).await?;
        }
        let sql = "INSERT INTO rollouts (id, prompt, environment, revision, active, started_at,
                   deployment, cursor, due, division, document)
                   VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $8, $9, $10)
                   ON CONFLICT (prompt, environment) WHERE active = 1 DO NOTHING";
        let row = values![
            rollout.id.as_str(),
            &rollout.prompt,
            &rollout.environment,
            rollout.revision,
            rollout.started_at,
            rollout.deployment,
            rollout.cursor,
            rollout.due(),
            division(rollout)?,
            to_document(rollout)?,
        ];
        if transaction.execute(sql, row).await? == 0 {
            return Err(going_on(rollout));
        }
        let (at, actor, subject) =
            (rollout.started_at, rollout.actor.as_str(), rollout.prompt.as_str());
        lifecycle::close_request(&transaction, &rollout.prompt, rollout.candidate.number, at)
            .await?;
        let event = Event { at, actor, action: "rollout.start", subject, detail };
        audit::record(&transaction, event).await?;
        brink::at("before the start is stored");
        transaction.commit().await?;
        brink::at("after the start is stored");
        Ok(())
    }

    /// Stores what became of a rollout that was read at `rollout.revision`, with the units that count from now
    /// on; `rollout` has its new revision then. `false`, and nothing is stored, if somebody was faster.
    pub async fn save_rollout(
        &self,
        rollout: &mut Rollout,
        counted: &[Counted],
        noted: Option<Noted<'_>>,
    ) -> Result<bool> {
        // What only this rollout's controllers see needs no new snapshot.
        let transaction = match noted {
            Some(_) => begin_change(self).await?,
            None => self.database().begin().await?,
        };
        if !replace(&transaction, rollout).await? {
            return Ok(false);
        }
        count(&transaction, rollout, counted).await?;
        if let Some(noted) = noted {
            note(&transaction, rollout, &noted).await?;
        }
        brink::at("before the change is stored");
        transaction.commit().await?;
        brink::at("after the change is stored");
        rollout.revision += 1;
        Ok(true)
    }

    /// Moves the pointer as `permit` allows, and stores what becomes of the rollout by that, both or neither.
    /// `None` if somebody was faster.
    ///
    /// # Errors
    /// As [`Store::apply`].
    pub async fn apply_rollout(
        &self,
        permit: Permit,
        rollout: &mut Rollout,
        (actor, at): (&str, i64),
        then: impl FnOnce(&mut Rollout, &Deployment) -> Change,
    ) -> Result<Option<Deployment>> {
        let transaction = begin_change(self).await?;
        let deployment = deploy::apply(&transaction, permit, actor, at).await?;
        let mut next = rollout.clone();
        let change = then(&mut next, &deployment);
        if !replace(&transaction, &next).await? {
            return Ok(None);
        }
        note(&transaction, &next, &Noted { change: &change, actor, at }).await?;
        brink::at("before the pointer is moved");
        transaction.commit().await?;
        brink::at("after the pointer is moved");
        next.revision += 1;
        *rollout = next;
        Ok(Some(deployment))
    }

    /// Rollouts, newest first: all of them, or only those that are not over; of one prompt, or of all.
    pub async fn rollouts(
        &self,
        prompt: Option<&PromptName>,
        only_active: bool,
        limit: u32,
    ) -> Result<Vec<Rollout>> {
        let sql = "SELECT document FROM rollouts
                   WHERE ($1 IS NULL OR prompt = $1) AND active >= $2
                   ORDER BY started_at DESC, id DESC LIMIT $3";
        let row = values![prompt, i64::from(only_active), limit];
        let rows = self.database().read(sql, row).await?;
        rows.iter().map(|row| row.document("document")).collect()
    }

    /// The newest rollout of a prompt in an environment.
    pub async fn rollout(
        &self,
        prompt: &PromptName,
        environment: &EnvironmentName,
    ) -> Result<Option<Rollout>> {
        let sql = "SELECT document FROM rollouts WHERE prompt = $1 AND environment = $2
                   ORDER BY active DESC, started_at DESC, id DESC LIMIT 1";
        let row = self.database().read_one(sql, values![prompt, environment]).await?;
        row.map(|row| row.document("document")).transpose()
    }

    /// How calls are divided, wherever they are.
    pub async fn divisions(&self) -> Result<Vec<Divided>> {
        let sql = "SELECT prompt, environment, deployment, division FROM rollouts
                   WHERE active = 1 AND division IS NOT NULL
                   UNION ALL
                   SELECT prompt, environment, deployment, division FROM experiments
                   WHERE active = 1 AND division IS NOT NULL ORDER BY prompt, environment";
        self.database().read(sql, values![]).await?.iter().map(divided).collect()
    }
}

/// Puts the next state in the place of the one with the revision that it was read at.
async fn replace(transaction: &Transaction, rollout: &Rollout) -> Result<bool> {
    let (read, next) = (rollout.revision, rollout.revision + 1);
    let stored = Rollout { revision: next, ..rollout.clone() };
    let sql =
        "UPDATE rollouts SET revision = $3, active = $4, deployment = $5, cursor = $6, due = $7,
               division = $8, document = $9 WHERE id = $1 AND revision = $2 AND active = 1";
    let row = values![
        rollout.id.as_str(),
        read,
        next,
        i64::from(!rollout.state.is_over()),
        rollout.deployment,
        rollout.cursor,
        rollout.due(),
        division(rollout)?,
        to_document(&stored)?,
    ];
    Ok(transaction.execute(sql, row).await? == 1)
}

async fn count(transaction: &Transaction, rollout: &Rollout, counted: &[Counted]) -> Result<()> {
    observation::count(transaction, counted_rows((&rollout.id, rollout.epoch), counted)).await
}

async fn note(transaction: &Transaction, rollout: &Rollout, noted: &Noted<'_>) -> Result<()> {
    let action = format!("rollout.{}", noted.change.action);
    let detail = noted.change.detail.clone();
    let (at, actor, subject) = (noted.at, noted.actor, rollout.prompt.as_str());
    audit::record(transaction, Event { at, actor, action: &action, subject, detail }).await?;
    let Some(number) = noted.change.retires else { return Ok(()) };
    let (prompt, actor) = (rollout.prompt.clone(), noted.actor.to_string());
    let new = rollout.candidate.number;
    let reason = Some(format!("version {new} took its place in {}", rollout.environment));
    let retirement = Retirement { actor, reason, at };
    lifecycle::retire_unless_used(transaction, &VersionId { prompt, number }, &retirement).await
}

fn going_on(next: &Rollout) -> Error {
    let message = format!(
        "a rollout of {} is going on in {}: see `gatemark rollout status {}`",
        next.prompt, next.environment, next.prompt
    );
    Error::new(Kind::Conflict, message).coded("rollout_going_on")
}

/// A prompt is divided by one thing at a time. One whose pointer was moved is over, only nobody noticed yet.
async fn no_experiment(
    transaction: &Transaction,
    prompt: &PromptName,
    environment: &EnvironmentName,
) -> Result<()> {
    let sql = "SELECT e.name FROM experiments e JOIN pointers q ON q.prompt = e.prompt
                   AND q.environment = e.environment AND q.deployment = e.deployment
               WHERE e.prompt = $1 AND e.environment = $2 AND e.active = 1";
    let Some(row) = transaction.query_one(sql, values![prompt, environment]).await? else {
        return Ok(());
    };
    let name = row.text("name")?;
    let message = format!(
        "the experiment `{name}` of {prompt} is going on in {environment}: end it with `gatemark experiment \
         stop {name}`"
    );
    Err(Error::new(Kind::Conflict, message).coded("experiment_going_on"))
}

fn division(rollout: &Rollout) -> Result<Option<String>> {
    let Side { evidence, upstreams, fallbacks, .. } = rollout.candidate.clone();
    let sides = vec![];
    let divided = |split| Division { split, evidence, upstreams, fallbacks, sides };
    let division = rollout.split().map(divided);
    division.as_ref().map(to_document).transpose()
}

fn divided(row: &Row) -> Result<Divided> {
    Ok(Divided {
        prompt: row.parsed("prompt")?,
        environment: row.parsed("environment")?,
        deployment: row.integer("deployment")?,
        division: row.document("division")?,
    })
}
