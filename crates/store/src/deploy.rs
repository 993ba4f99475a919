//! Pointers of environments and their history.
//!
//! [`Store::apply`] is the only function that writes a deployment, and it takes a [`Permit`], which only
//! the gate's decision makes. What it adds is that the permit speaks of things that are really here.

use gatemark_core::deploy::Deployment;
use gatemark_core::gate::{AdmittedModel, Permit, Purpose};
use gatemark_core::upstream::Upstreams;
use gatemark_core::{Digest, EnvironmentName, Error, Kind, ModelName, PromptName, Result};

use crate::audit::{self, Event};
use crate::baseline;
use crate::counter::{self, Counter, begin_change};
use crate::lifecycle;
use crate::prompt::hash_of;
use crate::sql::{Row, Transaction, to_document, values};
use crate::store::Store;

const DEPLOYMENT: &str = "SELECT d.id, d.prompt, d.environment, d.number, d.version, d.replaced,
        d.purpose, d.evidence, d.upstreams, d.fallbacks, d.actor, d.at, d.model FROM deployments d";

/// A version that an environment has admitted at some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// The prompt.
    pub prompt: PromptName,
    /// Where.
    pub environment: EnvironmentName,
    /// The version's number.
    pub number: u32,
    /// The model that serves it, if not its first.
    pub model: Option<ModelName>,
    /// The report that it was admitted on, if the policy asked for one.
    pub evidence: Option<String>,
    /// Who answered in that report; nothing if that was not kept yet.
    pub upstreams: Upstreams,
    /// The other models that may answer for it.
    pub fallbacks: Vec<AdmittedModel>,
}

impl Store {
    /// Moves a pointer as `permit` allows.
    ///
    /// # Errors
    /// `Conflict` if the permit's version or report is not stored as the permit describes it, or if since
    /// the decision the pointer moved or the suite by which it was taken is not the prompt's any more.
    pub async fn apply(&self, permit: Permit, actor: &str, at: i64) -> Result<Deployment> {
        let transaction = begin_change(self).await?;
        let deployment = apply(&transaction, permit, actor, at).await?;
        transaction.commit().await?;
        Ok(deployment)
    }

    /// The newest `limit` moves of a prompt's pointers, in one environment or in all, newest first.
    pub async fn deployments(
        &self,
        prompt: &PromptName,
        environment: Option<&EnvironmentName>,
        limit: u32,
    ) -> Result<Vec<Deployment>> {
        let rows = match environment {
            Some(environment) => {
                let sql = format!(
                    "{DEPLOYMENT} WHERE d.prompt = $1 AND d.environment = $2
                     ORDER BY d.id DESC LIMIT $3"
                );
                self.database().read(&sql, values![prompt, environment, limit]).await?
            }
            None => {
                let sql = format!("{DEPLOYMENT} WHERE d.prompt = $1 ORDER BY d.id DESC LIMIT $2");
                self.database().read(&sql, values![prompt, limit]).await?
            }
        };
        rows.iter().map(deployment).collect()
    }

    /// What serves: the newest deployment of every prompt and environment, by their names.
    pub async fn pointers(&self) -> Result<Vec<Deployment>> {
        let sql = format!(
            "{DEPLOYMENT} JOIN pointers q ON q.deployment = d.id
             ORDER BY d.prompt, d.environment"
        );
        self.database().read(&sql, values![]).await?.iter().map(deployment).collect()
    }

    /// Every version that was ever deployed, with the place: those are the ones that callers may pin.
    /// Each with the models that its newest deployment there admitted beside the serving one.
    pub async fn admitted(&self) -> Result<Vec<Admitted>> {
        let sql = "SELECT d.prompt, d.environment, d.number, d.model, d.evidence, d.upstreams, d.fallbacks
                   FROM deployments d
                   WHERE d.id IN (SELECT max(id) FROM deployments GROUP BY prompt, environment, number)
                   ORDER BY d.prompt, d.environment, d.number";
        let rows = self.database().read(sql, values![]).await?;
        rows.iter()
            .map(|row| {
                Ok(Admitted {
                    prompt: row.parsed("prompt")?,
                    environment: row.parsed("environment")?,
                    number: row.number("number")?,
                    evidence: row.optional_text("evidence")?.map(String::from),
                    model: row.optional_parsed("model")?,
                    upstreams: row.document("upstreams")?,
                    fallbacks: fallbacks(row.text("fallbacks")?)?,
                })
            })
            .collect()
    }
}

/// Moves a pointer in a transaction of a change.
pub(crate) async fn apply(
    transaction: &Transaction,
    permit: Permit,
    actor: &str,
    at: i64,
) -> Result<Deployment> {
    let serving = check(transaction, &permit).await?;
    let deployment = Deployment {
        id: counter::next(transaction, Counter::Deployment).await?,
        prompt: permit.prompt().clone(),
        environment: permit.environment().clone(),
        number: permit.number(),
        version: *permit.version(),
        replaced: serving.map(|(_, number)| number),
        model: permit.model().cloned(),
        purpose: permit.purpose(),
        evidence: permit.evidence().map(String::from),
        upstreams: permit.upstreams().clone(),
        fallbacks: permit.fallbacks().to_vec(),
        actor: actor.into(),
        at,
    };
    insert(transaction, &deployment).await?;
    baseline::freeze(transaction, &deployment).await?;
    let Deployment { prompt, number, .. } = &deployment;
    lifecycle::close_request(transaction, prompt, *number, at).await?;
    let subject = deployment.prompt.as_str();
    let action = deployment.purpose.word();
    let detail = describe(&deployment);
    audit::record(transaction, Event { at, actor, action, subject, detail }).await?;
    Ok(deployment)
}

/// Whether a permit speaks of what is stored, and of what serves: that is returned.
pub(crate) async fn check(
    transaction: &Transaction,
    permit: &Permit,
) -> Result<Option<(i64, u32)>> {
    check_version(transaction, permit).await?;
    check_evidence(transaction, permit).await?;
    check_suite(transaction, permit).await?;
    check_life(transaction, permit).await?;
    let serving = serving(transaction, permit).await?;
    if serving.map(|(id, _)| id) != permit.serving() {
        let message = format!("another deployment of {} came first: look again", permit.prompt());
        return Err(conflict(message));
    }
    Ok(serving)
}

async fn check_version(transaction: &Transaction, permit: &Permit) -> Result<()> {
    let (prompt, number) = (permit.prompt(), permit.number());
    match hash_of(transaction, prompt, number).await? {
        Some(hash) if hash == *permit.version() => Ok(()),
        Some(_) => Err(conflict(format!("version {number} of {prompt} has another content"))),
        None => Err(conflict(format!("{prompt} has no version {number}"))),
    }
}

async fn check_evidence(transaction: &Transaction, permit: &Permit) -> Result<()> {
    let fallbacks = permit.fallbacks().iter().filter_map(|model| model.evidence.as_deref());
    for id in permit.evidence().into_iter().chain(fallbacks) {
        check_report(transaction, permit, id).await?;
    }
    Ok(())
}

async fn check_report(transaction: &Transaction, permit: &Permit, id: &str) -> Result<()> {
    let sql = "SELECT version, suite FROM reports WHERE id = $1";
    let Some(row) = transaction.query_one(sql, values![id]).await? else {
        return Err(conflict(format!("there is no report {id}")));
    };
    if row.parsed::<Digest>("version")? != *permit.version() {
        return Err(conflict(format!("report {id} is about another version")));
    }
    if permit.suite().is_some() && row.parsed::<Digest>("suite").ok().as_ref() != permit.suite() {
        return Err(conflict(format!("report {id} is about another suite")));
    }
    Ok(())
}

/// A deployment is judged by the prompt's current suite; a rollback by the one of its time.
async fn check_suite(transaction: &Transaction, permit: &Permit) -> Result<()> {
    if permit.purpose() == Purpose::Rollback {
        return Ok(());
    }
    let sql = "SELECT suite FROM prompts WHERE name = $1";
    let row = transaction.query_one(sql, values![permit.prompt()]).await?;
    let current = row.map(|row| row.optional_text("suite").map(|text| text.map(String::from)));
    if current.transpose()?.flatten() != permit.suite().map(ToString::to_string) {
        return Err(conflict(format!("the suite of {} changed: look again", permit.prompt())));
    }
    Ok(())
}

/// A retired version is rolled back to, and never deployed.
async fn check_life(transaction: &Transaction, permit: &Permit) -> Result<()> {
    let (prompt, number) = (permit.prompt(), permit.number());
    let is_deployed = permit.purpose() != Purpose::Rollback;
    if is_deployed && lifecycle::is_retired(transaction, prompt, number).await? {
        return Err(conflict(format!("version {number} of {prompt} is retired")));
    }
    Ok(())
}

/// The deployment that serves now, by id, and its version's number.
async fn serving(transaction: &Transaction, permit: &Permit) -> Result<Option<(i64, u32)>> {
    let sql = "SELECT d.id, d.number FROM pointers q JOIN deployments d ON d.id = q.deployment
               WHERE q.prompt = $1 AND q.environment = $2";
    let row = transaction.query_one(sql, values![permit.prompt(), permit.environment()]).await?;
    row.map(|row| Ok((row.integer("id")?, row.number("number")?))).transpose()
}

async fn insert(transaction: &Transaction, deployment: &Deployment) -> Result<()> {
    let fallbacks = serde_json::to_string(&deployment.fallbacks)
        .map_err(|cause| Error::internal("a deployment cannot be written").because(cause))?;
    let sql = "INSERT INTO deployments
               (id, prompt, environment, number, version, replaced, purpose, evidence, upstreams,
                fallbacks, actor, at, model)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    let row = values![
        deployment.id,
        &deployment.prompt,
        &deployment.environment,
        deployment.number,
        &deployment.version,
        deployment.replaced,
        deployment.purpose.word(),
        deployment.evidence.as_deref(),
        to_document(&deployment.upstreams)?,
        fallbacks.as_str(),
        deployment.actor.as_str(),
        deployment.at,
        deployment.model.as_ref(),
    ];
    transaction.execute(sql, row).await?;
    let sql = "INSERT INTO pointers (prompt, environment, deployment) VALUES ($1, $2, $3)
               ON CONFLICT (prompt, environment) DO UPDATE SET deployment = excluded.deployment";
    let row = values![&deployment.prompt, &deployment.environment, deployment.id];
    transaction.execute(sql, row).await?;
    Ok(())
}

fn describe(deployment: &Deployment) -> String {
    let Deployment { environment, number, version, .. } = deployment;
    let mut detail = format!("{environment}: version {number} ({})", version.short());
    if let Some(model) = &deployment.model {
        detail.push_str(&format!(" on {model}"));
    }
    if let Some(replaced) = deployment.replaced {
        detail.push_str(&format!(" in place of {replaced}"));
    }
    if let Some(evidence) = &deployment.evidence {
        detail.push_str(&format!(", report {evidence}"));
    }
    detail
}

fn deployment(row: &Row) -> Result<Deployment> {
    Ok(Deployment {
        id: row.integer("id")?,
        prompt: row.parsed("prompt")?,
        environment: row.parsed("environment")?,
        number: row.number("number")?,
        version: row.parsed("version")?,
        replaced: row.optional_number("replaced")?,
        model: row.optional_parsed("model")?,
        purpose: purpose(row.text("purpose")?)?,
        evidence: row.optional_text("evidence")?.map(String::from),
        upstreams: row.document("upstreams")?,
        fallbacks: fallbacks(row.text("fallbacks")?)?,
        actor: row.text("actor")?.into(),
        at: row.integer("at")?,
    })
}

fn fallbacks(text: &str) -> Result<Vec<AdmittedModel>> {
    serde_json::from_str(text).map_err(|cause| {
        Error::internal("a deployment's fallback models cannot be read").because(cause)
    })
}

fn purpose(word: &str) -> Result<Purpose> {
    [Purpose::Deploy, Purpose::Rollback]
        .into_iter()
        .find(|purpose| purpose.word() == word)
        .ok_or_else(|| Error::internal(format!("a deployment has the unknown purpose {word:?}")))
}

fn conflict(why: String) -> Error {
    Error::new(Kind::Conflict, format!("the pointer was not moved: {why}"))
}
