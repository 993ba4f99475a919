//! How many tokens a call would read, without making it.
//!
//! A vendor that counts for callers of its own dialect is asked; everywhere else it is our own count (o200k),
//! and said to be an estimate. Nothing is recorded: no model is asked.
//!
//! A count is admitted like a call: it takes one of the process' places and enters the limits on requests, for
//! no tokens. Long texts are not counted here, where calls are served, but handed back as work for a thread that
//! nobody waits for ([`LongCount`]), few at a time; work that has begun goes on to its end when its caller
//! leaves, and keeps its place until then.

use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use gatemark_core::call::CallPurpose;
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::scope::Subject;
use gatemark_provider::request::{ChatRequest, Messages};
use serde_json::value::RawValue;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::entrance::Place;
use crate::hold::Hold;
use crate::incoming::{Incoming, Target};
use crate::pace;
use crate::resolve::{Resolved, resolve};
use crate::snapshot::Snapshot;
use crate::{Failure, Gateway, Size, tags, weigh};

/// Texts over this size, in bytes, are long: to count them is some milliseconds' work, or seconds'.
const LONG: usize = 64 * 1024;

/// Longest wait for the turn to count a long text.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// A count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Tokens that the model would read.
    pub tokens: u64,
    /// Whether it is our own count and not the vendor's.
    pub estimated: bool,
}

/// A count, or the work that it takes.
#[derive(Debug)]
pub enum Count {
    /// It is known.
    Known(Counted),
    /// It takes long.
    Long(Box<LongCount>),
}

/// The work of counting a long text; it holds a place and a turn until it is dropped.
pub struct LongCount {
    resolved: Resolved,
    asked: Asked,
    _held: (Place, Hold, OwnedSemaphorePermit),
}

impl LongCount {
    /// Counts. Takes the processor for up to seconds, so it is for a thread that serves nobody else.
    ///
    /// # Errors
    /// `Invalid` if the variables do not fit the prompt.
    pub fn run(self) -> Result<Counted> {
        own_count(&self.resolved, &self.asked)
    }
}

impl std::fmt::Debug for LongCount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LongCount").field("model", &self.resolved.model).finish_non_exhaustive()
    }
}

/// Turns to count long texts: half of the processors, so that the others serve calls.
pub(crate) struct Counting(Arc<Semaphore>);

impl Default for Counting {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self(Arc::new(Semaphore::new((processors / 2).max(1))))
    }
}

impl Counting {
    async fn turn(&self) -> Result<OwnedSemaphorePermit> {
        // The semaphore is never closed, so this is a wait that was too long.
        let turn = timeout(LONGEST_WAIT, self.0.clone().acquire_owned()).await.ok();
        turn.and_then(std::result::Result::ok).ok_or_else(|| {
            let message = "too many long texts are being counted";
            let error = Error::new(Kind::Unavailable, message).coded("overloaded");
            error.retry_after(Duration::from_secs(1))
        })
    }
}

impl Gateway {
    /// Counts what the model would read.
    ///
    /// # Errors
    /// As for the call itself: no place, a limit, an unknown model or prompt, variables that do not fit, what the
    /// vendor says.
    pub async fn count(&self, incoming: Incoming) -> Result<Count, Failure> {
        let place = self.shared.entrance.enter().await?;
        let snapshot = self.snapshot();
        let Incoming { target, dialect, messages, fields, headers, caller, tags, .. } = incoming;
        let tags = tags::with_metadata(tags, &fields, snapshot.project());
        let is_plain = matches!(target, Target::Plain(_));
        let resolved = resolve(&snapshot, self.health(), target, None)?;
        let subject = Subject {
            key: &caller.name,
            prompt: resolved.named.as_ref().map(|named| &named.release.version.prompt),
            environment: resolved.environment.as_ref(),
            model: &resolved.model,
            tags: &tags,
        };
        let mut hold = Hold::new(self.shared.surroundings.volatile.clone());
        pace::enter(&snapshot.project().limits, &subject, 0, &mut hold)
            .map_err(|error| Failure { rates: hold.rates, ..Failure::from(error) })?;
        if is_plain && messages.is_none() {
            let name = dialect.conversation();
            return Err(Error::invalid(format!("`{name}` is missing")).at(name).into());
        }
        let mut asked = Asked { messages, fields };
        if let Some(messages) = asked.messages.take_if(|_| is_plain) {
            let request = ChatRequest {
                dialect,
                model: resolved.model.vendor_id().to_string(),
                messages: Messages::Raw(messages),
                fields: std::mem::take(&mut asked.fields),
                headers,
                ..ChatRequest::default()
            };
            // A vendor that is not to be called is not asked to count either.
            let stopped = self.shared.stops.about(&resolved, CallPurpose::Serve).is_some();
            if !stopped && let Some(tokens) = by_vendor(&snapshot, &resolved, &request).await? {
                return Ok(Count::Known(Counted { tokens, estimated: false }));
            }
            let Messages::Raw(messages) = request.messages else {
                return Err(Error::internal("a conversation was lost").into());
            };
            asked = Asked { messages: Some(messages), fields: request.fields };
        }
        if asked.bytes(&resolved) <= LONG {
            return Ok(Count::Known(own_count(&resolved, &asked)?));
        }
        let turn = self.shared.counting.turn().await?;
        let _held = (place, hold, turn);
        Ok(Count::Long(Box::new(LongCount { resolved, asked, _held })))
    }
}

/// What the caller sent of a call.
struct Asked {
    messages: Option<Box<RawValue>>,
    fields: Vec<(String, Box<RawValue>)>,
}

impl Asked {
    fn texts(&self) -> impl Iterator<Item = &RawValue> {
        let fields = self.fields.iter().map(|(_, value)| &**value);
        self.messages.as_deref().into_iter().chain(fields)
    }

    /// How much there is to count, with the variables of a prompt.
    fn bytes(&self, resolved: &Resolved) -> usize {
        let variables = resolved.named.iter().flat_map(|named| named.variables.values());
        let variables: usize = variables.map(|value| value.to_string().len()).sum();
        variables + self.texts().map(|raw| raw.get().len()).sum::<usize>()
    }
}

fn own_count(resolved: &Resolved, asked: &Asked) -> Result<Counted> {
    let added: u64 = asked.texts().map(weigh::read_exactly).sum();
    let Some(named) = &resolved.named else {
        return Ok(Counted { tokens: added, estimated: true });
    };
    let Size { input_tokens, .. } = named.release.size(&resolved.model, &named.variables)?;
    Ok(Counted { tokens: input_tokens + added, estimated: true })
}

async fn by_vendor(
    snapshot: &Snapshot,
    resolved: &Resolved,
    request: &ChatRequest,
) -> Result<Option<u64>> {
    let project = snapshot.project();
    let (Some(vendor), Some(provider)) =
        (snapshot.vendor(&resolved.model), project.providers.get(resolved.model.provider()))
    else {
        return Err(Error::internal(format!("no connection for {}", resolved.model)));
    };
    timeout(provider.timeout, vendor.count(request)).await.unwrap_or_else(|_| {
        let message = format!("no count within {} ms", provider.timeout.as_millis());
        Err(Error::new(Kind::Timeout, message))
    })
}
