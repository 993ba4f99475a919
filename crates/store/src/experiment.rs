//! Experiments: one document each, changed as rollouts are, by whoever read its newest revision.

use gatemark_core::assign::STABLE;
use gatemark_core::experiment::{Change, Experiment, State};
use gatemark_core::gate::Permit;
use gatemark_core::rollout::{Counted, Seen};
use gatemark_core::{EnvironmentName, Error, Kind, PromptName, Result};

use crate::audit::{self, Event};
use crate::brink;
use crate::counter::begin_change;
use crate::deploy;
use crate::lifecycle;
use crate::observation::{count, counted_rows};
use crate::rollout::Division;
use crate::sql::{Row, Transaction, to_document, values};
use crate::store::Store;

/// What is written down about a change of an experiment: the change, who made it, and when (microseconds since
/// 1970).
pub type Told<'a> = (&'a Change, &'a str, i64);

/// What one call of an experiment showed: its arm, its unit, and each observation of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// The call.
    pub call: String,
    /// Its place in the order of observations.
    pub seq: i64,
    /// Its arm.
    pub arm: String,
    /// Its unit; the call itself if it has no other.
    pub unit: String,
    /// What was seen.
    pub seen: Seen,
}

impl Store {
    /// Writes an experiment down.
    ///
    /// # Errors
    /// `Conflict` if there is one of that name.
    pub async fn create_experiment(&self, experiment: &Experiment) -> Result<()> {
        let transaction = begin_change(self).await?;
        let sql = "INSERT INTO experiments (id, name, prompt, environment, revision, active, created_at,
                   deployment, cursor, due, division, document)
                   VALUES ($1, $2, $3, $4, $5, 0, $6, 0, 0, $7, NULL, $8) ON CONFLICT (name) DO NOTHING";
        let Experiment { id, name, prompt, environment, created_at: at, .. } = experiment;
        let row = values![
            id.as_str(),
            name.as_str(),
            prompt,
            environment,
            experiment.revision,
            *at,
            experiment.due(),
            to_document(experiment)?,
        ];
        if transaction.execute(sql, row).await? == 0 {
            let message = format!("there is an experiment `{name}` already: choose another name");
            return Err(Error::new(Kind::Conflict, message).coded("experiment_exists"));
        }
        let (actor, subject) = (experiment.actor.as_str(), prompt.as_str());
        let arms = experiment.plan.arms.len();
        let detail = format!("{environment}: {name}: {arms} beside control");
        let event = Event { at: *at, actor, action: "experiment.create", subject, detail };
        audit::record(&transaction, event).await?;
        transaction.commit().await
    }

    /// Stores an experiment that begins, as `permits` allow its arms, one each.
    ///
    /// # Errors
    /// `Conflict` if a permit is not about what is stored, if the pointer moved since the decision, if something
    /// else divides the calls of the prompt there, or if somebody was faster.
    pub async fn begin_experiment(
        &self,
        permits: Vec<Permit>,
        experiment: &mut Experiment,
        told: Told<'_>,
    ) -> Result<()> {
        let fits = |(permit, arm): (&Permit, &gatemark_core::experiment::Arm)| {
            permit.prompt() == &experiment.prompt
                && permit.environment() == &experiment.environment
                && permit.number() == arm.side.number
                && permit.model() == arm.side.model.as_ref()
                && permit.serving() == Some(experiment.deployment)
        };
        if permits.len() != experiment.arms.len() || !permits.iter().zip(&experiment.arms).all(fits)
        {
            return Err(Error::internal("permits were used for another experiment"));
        }
        let transaction = begin_change(self).await?;
        let (prompt, environment) = (&experiment.prompt, &experiment.environment);
        for permit in &permits {
            deploy::check(&transaction, permit).await?;
            lifecycle::close_request(&transaction, prompt, permit.number(), told.2).await?;
        }
        nothing_divides(&transaction, prompt, environment).await?;
        if !replace(&transaction, experiment).await? {
            return Err(changed(experiment));
        }
        note(&transaction, experiment, told).await?;
        brink::at("before the experiment begins");
        transaction.commit().await?;
        brink::at("after the experiment began");
        experiment.revision += 1;
        Ok(())
    }

    /// Stores what became of an experiment that was read at `experiment.revision`; it has its new revision then.
    /// `false`, and nothing is stored, if somebody was faster.
    pub async fn save_experiment(
        &self,
        experiment: &mut Experiment,
        counted: &[Counted],
        told: Option<Told<'_>>,
    ) -> Result<bool> {
        let transaction = match told {
            Some(_) => begin_change(self).await?,
            None => self.database().begin().await?,
        };
        if !replace(&transaction, experiment).await? {
            return Ok(false);
        }
        count(&transaction, counted_rows((&experiment.id, 1), counted)).await?;
        if let Some(told) = told {
            note(&transaction, experiment, told).await?;
        }
        brink::at("before the experiment is stored");
        transaction.commit().await?;
        brink::at("after the experiment is stored");
        experiment.revision += 1;
        Ok(true)
    }

    /// The running experiments that have something to decide at `now`, each with the deployment and the version
    /// that serves there.
    pub async fn due_experiments(&self, now: i64) -> Result<Vec<(Experiment, Option<(i64, u32)>)>> {
        let sql = "SELECT e.document, q.deployment AS serving, d.number FROM experiments e
                   LEFT JOIN pointers q ON q.prompt = e.prompt AND q.environment = e.environment
                   LEFT JOIN deployments d ON d.id = q.deployment
                   WHERE e.active = 1 AND (e.due <= $1 OR q.deployment IS NULL
                       OR q.deployment <> e.deployment
                       OR EXISTS (SELECT 1 FROM observations o WHERE o.split = e.id AND o.seq > e.cursor))
                   ORDER BY e.name";
        let rows = self.database().read(sql, values![now]).await?;
        let due = rows.iter().map(|row| {
            let serving = row.optional_integer("serving")?.zip(row.optional_number("number")?);
            Ok((row.document("document")?, serving))
        });
        due.collect()
    }

    /// Every experiment, newest first.
    pub async fn experiments(&self) -> Result<Vec<Experiment>> {
        let sql = "SELECT document FROM experiments ORDER BY created_at DESC, id DESC";
        let rows = self.database().read(sql, values![]).await?;
        rows.iter().map(|row| row.document("document")).collect()
    }

    /// The experiment of that name.
    pub async fn experiment(&self, name: &str) -> Result<Option<Experiment>> {
        let sql = "SELECT document FROM experiments WHERE name = $1";
        let row = self.database().read_one(sql, values![name]).await?;
        row.map(|row| row.document("document")).transpose()
    }

    /// What the calls of an experiment showed, behind the number `after`, at most `limit` observations.
    pub async fn shown(&self, experiment: &str, after: i64, limit: u32) -> Result<Vec<Shown>> {
        let sql = "SELECT seq, call, arm, unit, document FROM observations
                   WHERE split = $1 AND seq > $2 ORDER BY seq LIMIT $3";
        let rows = self.database().read(sql, values![experiment, after, limit]).await?;
        rows.iter().map(shown).collect()
    }

    /// Keeps what an experiment that is over showed.
    pub async fn keep_report(&self, experiment: &str, report: &str) -> Result<()> {
        let transaction = self.database().begin().await?;
        let sql = "UPDATE experiments SET report = $2 WHERE id = $1 AND active = 0";
        transaction.execute(sql, values![experiment, report]).await?;
        transaction.commit().await
    }

    /// The experiments that are over and of which nothing was kept yet: whoever ended them was killed before that.
    pub async fn unreported_experiments(&self) -> Result<Vec<Experiment>> {
        let sql = "SELECT document FROM experiments WHERE active = 0 AND report IS NULL";
        let rows = self.database().read(sql, values![]).await?;
        let all = rows.iter().map(|row| row.document("document"));
        let all: Vec<Experiment> = all.collect::<Result<_>>()?;
        Ok(all.into_iter().filter(|experiment| experiment.state.is_over()).collect())
    }

    /// What was kept of an experiment.
    pub async fn kept_report(&self, experiment: &str) -> Result<Option<String>> {
        let sql = "SELECT report FROM experiments WHERE id = $1";
        let row = self.database().read_one(sql, values![experiment]).await?;
        let Some(row) = row else { return Ok(None) };
        Ok(row.optional_text("report")?.map(String::from))
    }
}

fn shown(row: &Row) -> Result<Shown> {
    let call = row.text("call")?.to_string();
    let unit = row.optional_text("unit")?.map_or_else(|| call.clone(), String::from);
    let arm = row.optional_text("arm")?.unwrap_or(STABLE).to_string();
    Ok(Shown { seq: row.integer("seq")?, arm, unit, seen: row.document("document")?, call })
}

async fn replace(transaction: &Transaction, experiment: &Experiment) -> Result<bool> {
    let (read, next) = (experiment.revision, experiment.revision + 1);
    let stored = Experiment { revision: next, ..experiment.clone() };
    let running = experiment.state == State::Running;
    let sql =
        "UPDATE experiments SET revision = $3, active = $4, deployment = $5, cursor = $6, due = $7,
               division = $8, document = $9 WHERE id = $1 AND revision = $2";
    let row = values![
        experiment.id.as_str(),
        read,
        next,
        i64::from(running),
        experiment.deployment,
        experiment.cursor,
        experiment.due(),
        division(experiment)?,
        to_document(&stored)?,
    ];
    Ok(transaction.execute(sql, row).await? == 1)
}

fn division(experiment: &Experiment) -> Result<Option<String>> {
    let division = experiment.split().map(|split| Division {
        split,
        evidence: None,
        upstreams: Default::default(),
        fallbacks: vec![],
        sides: experiment.sides(),
    });
    division.as_ref().map(to_document).transpose()
}

async fn note(transaction: &Transaction, experiment: &Experiment, told: Told<'_>) -> Result<()> {
    let (change, actor, at) = told;
    let action = format!("experiment.{}", change.action);
    let (detail, subject) = (change.detail.clone(), experiment.prompt.as_str());
    audit::record(transaction, Event { at, actor, action: &action, subject, detail }).await
}

/// A prompt is divided by one thing at a time. What belongs to a deployment that was replaced divides nothing, and is
/// ended by the next run of its task; until then it is in the way.
async fn nothing_divides(
    transaction: &Transaction,
    prompt: &PromptName,
    environment: &EnvironmentName,
) -> Result<()> {
    let sql = "SELECT '' AS name FROM rollouts r
               WHERE r.prompt = $1 AND r.environment = $2 AND r.active = 1
               UNION ALL SELECT e.name FROM experiments e
               WHERE e.prompt = $1 AND e.environment = $2 AND e.active = 1";
    let Some(row) = transaction.query_one(sql, values![prompt, environment]).await? else {
        return Ok(());
    };
    let (what, code) = match row.text("name")? {
        "" => ("a rollout".to_string(), "rollout_going_on"),
        name => (format!("the experiment `{name}`"), "experiment_going_on"),
    };
    let message = format!(
        "{what} of {prompt} is going on in {environment}: calls are divided by one thing at a time, so end that first"
    );
    Err(Error::new(Kind::Conflict, message).coded(code))
}

fn changed(experiment: &Experiment) -> Error {
    let message = format!("the experiment `{}` changed meanwhile: look again", experiment.name);
    Error::new(Kind::Conflict, message).coded("experiment_changed")
}
