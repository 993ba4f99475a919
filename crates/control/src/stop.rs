//! Stops: given, learnt and shared.
//!
//! An order takes effect in three places one after the other, each without waiting for the next: in the memory
//! of the process that was told, in the file of the data directory (from where other processes on it take it
//! within 100 ms, and every process when it starts), and in the database (from where replicas take it, and where
//! it is audited). Neither an unreadable file nor a database that is away takes a stop back: memory only learns.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::stop::{StopKind, StopOrder, StopScope, StopServe, Stops};
use gatemark_gateway::clock;
use gatemark_store::{KeptOrder, StopFile, StopStamp, Store};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Control;

/// Longest reason, in bytes.
const MAX_REASON: usize = 500;

/// How long whoever gives an order waits for the database; the `stop-orders` task goes on trying.
const PATIENCE: Duration = Duration::from_secs(1);

/// What somebody wants stopped or resumed.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What is meant.
    pub scope: StopScope,
    /// Which of the two.
    pub kind: StopKind,
    /// What calls get meanwhile.
    pub serve: StopServe,
    /// Why: at most 500 bytes, without control characters. Callers read it.
    pub reason: Option<String>,
}

/// An order that was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StopView {
    /// Its id, also in the audit log's stead while the database is away.
    pub id: String,
    /// `all`, `environment=NAME`, `service=NAME` or `prompt=SERVICE/NAME`.
    pub scope: String,
    /// `fallback`, `cached` or `error`: what calls get.
    pub serve: &'static str,
    /// Why.
    pub reason: Option<String>,
    /// Who.
    pub actor: String,
    /// Since when, in microseconds since 1970.
    pub at: i64,
    /// Whether the database has it; one that is not there yet is in force here all the same.
    pub stored: bool,
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Given {
    /// The order.
    #[serde(flatten)]
    pub order: StopView,
    /// `stop` or `resume`.
    pub kind: &'static str,
    /// What a person should know: that something is not registered, or where the order is not yet.
    pub notes: Vec<String>,
}

#[derive(Default)]
struct Known {
    stops: Stops,
    /// Orders that the database may not have, by id.
    waiting: BTreeMap<String, StopOrder>,
    /// Orders that the file may not have.
    unwritten: Vec<KeptOrder>,
    stamp: Option<StopStamp>,
    /// The registry's revision at which the database's orders were read.
    revision: Option<i64>,
}

impl Known {
    fn take(&mut self, kept: KeptOrder) {
        if kept.stored {
            self.waiting.remove(&kept.order.id);
        } else {
            self.waiting.insert(kept.order.id.clone(), kept.order.clone());
        }
        self.stops.add(kept.order);
    }

    fn stored(&mut self, order: StopOrder) {
        let kept = KeptOrder { order, stored: true };
        self.unwritten.push(kept.clone());
        self.take(kept);
    }
}

/// The stops of one data directory.
pub struct Switch {
    file: StopFile,
    known: Mutex<Known>,
}

impl Switch {
    /// With what the file says. The data directory is made if it is missing.
    ///
    /// # Errors
    /// `Unavailable` or `Invalid` if there is a file that cannot be read: stops in it must not be passed over.
    pub fn open(data: &Path) -> Result<Self> {
        private(data)?;
        let switch = Self { file: StopFile::of(data), known: Mutex::default() };
        switch.look()?;
        Ok(switch)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known now.
    pub fn stops(&self) -> Stops {
        self.known().stops.clone()
    }

    /// The stops in force, the widest first.
    pub fn in_force(&self) -> Vec<StopView> {
        let known = self.known();
        known.stops.in_force().map(|order| view(order, &known)).collect()
    }

    /// Takes in what is new in the file. True if it was read.
    ///
    /// # Errors
    /// If it cannot be read; what is known stays.
    pub fn look(&self) -> Result<bool> {
        let stamp = self.file.stamp()?;
        if stamp == self.known().stamp {
            return Ok(false);
        }
        let orders = self.file.read()?;
        let mut known = self.known();
        orders.into_iter().for_each(|kept| known.take(kept));
        known.stamp = stamp;
        Ok(true)
    }

    /// Takes an order into memory.
    ///
    /// # Errors
    /// `Invalid` if the reason is too long, `NotFound` if there is nothing to resume.
    pub fn give(&self, wanted: Wanted, actor: &str, now: i64) -> Result<StopOrder> {
        let reason = wanted.reason.filter(|reason| !reason.trim().is_empty());
        let is_bad = |text: &String| text.len() > MAX_REASON || text.contains(char::is_control);
        if reason.as_ref().is_some_and(is_bad) {
            let message = format!("the reason is one line of at most {MAX_REASON} bytes");
            return Err(Error::invalid(message).at("reason"));
        }
        let mut known = self.known();
        if wanted.kind == StopKind::Resume && known.stops.of(&wanted.scope).is_none() {
            return Err(not_stopped(&wanted.scope, &known.stops));
        }
        let order = StopOrder {
            id: uuid::Uuid::now_v7().to_string(),
            at: known.stops.next_at(&wanted.scope, now),
            scope: wanted.scope,
            kind: wanted.kind,
            serve: wanted.serve,
            reason,
            actor: actor.to_string(),
        };
        let kept = KeptOrder { order: order.clone(), stored: false };
        known.unwritten.push(kept.clone());
        known.take(kept);
        Ok(order)
    }

    /// Writes what the file does not have into it.
    ///
    /// # Errors
    /// If it cannot be written; the next time tries again.
    pub fn write(&self) -> Result<()> {
        let ours = self.known().unwritten.clone();
        if ours.is_empty() {
            return Ok(());
        }
        self.file.put(&ours)?;
        self.known().unwritten.retain(|kept| !ours.contains(kept));
        Ok(())
    }

    /// Takes in the database's orders if the registry has changed, and gives it those that it does not have. True
    /// if there was anything new here.
    ///
    /// # Errors
    /// Those of the store; the next time tries again.
    pub async fn learn_from(&self, store: &Store) -> Result<bool> {
        // First reading, which a locked database lets us do.
        let revision = store.revision().await?;
        let mut new = false;
        if self.known().revision != Some(revision) {
            let theirs = store.stop_orders().await?;
            let mut known = self.known();
            // A database from a backup: what it has lost it is given again.
            let lost = known.stops.newest().filter(|order| is_lost(order, &theirs));
            let lost: Vec<StopOrder> = lost.cloned().collect();
            lost.into_iter().for_each(|order| known.take(KeptOrder { order, stored: false }));
            for order in theirs {
                let mut stops = known.stops.clone();
                if stops.add(order.clone()) {
                    known.stored(order);
                    new = true;
                }
            }
            known.revision = Some(revision);
        }
        let waiting: Vec<StopOrder> = self.known().waiting.values().cloned().collect();
        if !waiting.is_empty() {
            store.keep_stop_orders(&waiting).await?;
            let mut known = self.known();
            waiting.into_iter().for_each(|order| known.stored(order));
        }
        Ok(new)
    }
}

/// Whether the database knows nothing as new as `order` of its scope.
fn is_lost(order: &StopOrder, theirs: &[StopOrder]) -> bool {
    !theirs.iter().any(|their| their.scope == order.scope && their.at >= order.at)
}

fn view(order: &StopOrder, known: &Known) -> StopView {
    StopView {
        id: order.id.clone(),
        scope: order.scope.to_string(),
        serve: order.serve.word(),
        reason: order.reason.clone(),
        actor: order.actor.clone(),
        at: order.at,
        stored: !known.waiting.contains_key(&order.id),
    }
}

fn not_stopped(scope: &StopScope, stops: &Stops) -> Error {
    let others: Vec<String> = stops.in_force().map(|order| order.scope.to_string()).collect();
    let others = if others.is_empty() {
        "nothing is".to_string()
    } else {
        format!("in force: {}", others.join(", "))
    };
    let message =
        format!("there is no stop of {scope} to end ({others}): resume names what was stopped");
    Error::not_found(message).coded("not_stopped")
}

/// Takes an order that is in memory to the file, and then to the database if there is one that answers. Needs no
/// server and no configuration.
///
/// # Errors
/// If neither took it, why. It is in force in this process all the same.
pub async fn spread(
    switch: &Arc<Switch>,
    store: Option<&Store>,
    order: &StopOrder,
) -> Result<Given> {
    let written = write(switch).await;
    let stored = match store {
        Some(store) => match tokio::time::timeout(PATIENCE, switch.learn_from(store)).await {
            Ok(learnt) => learnt.map(drop),
            Err(_) => Err(Error::new(Kind::Unavailable, "the database does not answer")),
        },
        None => Err(Error::new(Kind::Unavailable, "there is no database to be reached")),
    };
    // What the database took is noted in the file; where that fails the order is given to it twice, which is
    // the same.
    let noted = write(switch).await;
    let mut notes = vec![];
    match (written.and(noted), stored) {
        (Err(file), Err(_)) => return Err(file),
        (Err(file), Ok(())) => notes.push(format!("only the database has it: {file}")),
        (Ok(()), Err(error)) => notes.push(format!(
            "it is kept in {}; the database gets it when it can be reached ({error})",
            switch.file.path().display()
        )),
        (Ok(()), Ok(())) => {
            let unknown = async { unknown(&order.scope, store?).await.ok().flatten() };
            notes.extend(unknown.await);
        }
    }
    Ok(Given { kind: order.kind.word(), order: view(order, &switch.known()), notes })
}

async fn write(switch: &Arc<Switch>) -> Result<()> {
    let switch = switch.clone();
    let written = tokio::task::spawn_blocking(move || switch.write()).await;
    written.map_err(|cause| Error::internal("the file of stops was not written").because(cause))?
}

/// That nothing registered has this name: a stop of it stops nothing.
async fn unknown(scope: &StopScope, store: &Store) -> Result<Option<String>> {
    let prompts = store.prompts().await?;
    let known = match scope {
        StopScope::Prompt(name) => prompts.iter().any(|prompt| prompt.name == *name),
        StopScope::Service(name) => prompts.iter().any(|prompt| prompt.name.service() == name),
        StopScope::Environment(name) => {
            let pointers = store.pointers().await?;
            pointers.iter().any(|pointer| pointer.environment == *name)
        }
        StopScope::All => true,
    };
    Ok((!known).then(|| format!("nothing is registered that {scope} is about: is the name right?")))
}

impl Control {
    /// The stops in force, the widest first.
    pub fn stops_in_force(&self) -> Vec<StopView> {
        self.switch.in_force()
    }

    /// Stops or resumes. Calls that begin after that meet it, whatever becomes of file and database.
    ///
    /// # Errors
    /// As [`Switch::give`] and [`spread`].
    pub async fn order_stop(&self, wanted: Wanted, actor: &str) -> Result<Given> {
        if let Err(error) = self.look_for_stops().await {
            tracing::error!(%error, "stops of other processes may not be known here");
        }
        let order = self.switch.give(wanted, actor, clock::now_us())?;
        self.gateway.set_stops(self.switch.stops());
        let given = spread(&self.switch, Some(&self.store), &order).await;
        self.gateway.set_stops(self.switch.stops());
        given
    }

    /// Puts in force what other processes on this data directory have ordered. Needs no database.
    pub(crate) async fn look_for_stops(&self) -> Result<()> {
        let switch = self.switch.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let looked = switch.look();
            switch.write().and(looked)
        });
        let looked = looked.await;
        let gave = |cause| Error::internal("the file of stops was not looked at").because(cause);
        self.gateway.set_stops(self.switch.stops());
        looked.map_err(gave)?.map(drop)
    }

    /// Brings the orders here and those in the database to the same.
    pub(crate) async fn share_stops(&self) -> Result<()> {
        let learnt = self.switch.learn_from(&self.store).await;
        self.gateway.set_stops(self.switch.stops());
        learnt.map(drop)
    }
}

/// Makes the data directory for its owner alone: it holds users' texts where recording is on.
fn private(data: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data);
    made.map_err(|cause| {
        let message = format!("cannot make the data directory {}: {cause}", data.display());
        Error::new(Kind::Unavailable, message).because(cause)
    })
}
