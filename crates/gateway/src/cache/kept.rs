//! An answer as it is kept: in the form in which it came, and given again in either.

use gatemark_core::model::Usage;
use gatemark_provider::answer::{Answer, Chunk};
use gatemark_provider::dialect::Raw;
use gatemark_provider::gather;
use tokio::time::{Duration, Instant};

/// What an entry takes beside its texts, about: itself, its key, and its places in two maps.
const FRAME: usize = 400;

/// Text that is joined to one piece, in bytes, where a vendor's pieces need not stay as they are.
const PIECE: usize = 256;

/// Largest answer that is kept, in bytes.
const MOST: usize = 4 << 20;

/// An answer that may be given again.
#[derive(Debug)]
pub(crate) struct Kept {
    form: Form,
    /// Its tokens, counted by us if the vendor did not say.
    pub(crate) usage: Usage,
    /// How long it took when it was given, in microseconds.
    pub(crate) latency_us: u64,
    /// When it was given.
    pub(crate) at: Instant,
    ttl: Duration,
    bytes: usize,
}

#[derive(Debug)]
enum Form {
    Whole(Box<Answer>),
    Pieces(Vec<Chunk>),
}

impl Kept {
    /// Keeps a whole answer.
    pub(crate) fn whole(answer: &Answer, terms: Terms) -> Self {
        let mut answer = answer.clone();
        answer.raw = answer.raw.as_ref().map(detached);
        let bytes = FRAME + size_of_answer(&answer);
        Self::new(Form::Whole(Box::new(answer)), bytes, terms)
    }

    /// Keeps a streamed one; `None` if it was too large, or holds calls of tools that cannot be read.
    pub(crate) fn pieces(pieces: Pieces, terms: Terms) -> Option<Self> {
        let readable = !pieces.call_tools() || gather::whole(&pieces.chunks).is_ok();
        let Pieces { chunks, bytes, over, .. } = pieces;
        (readable && !over).then(|| Self::new(Form::Pieces(chunks), FRAME + bytes, terms))
    }

    fn new(form: Form, bytes: usize, terms: Terms) -> Self {
        let Terms { usage, latency_us, at, ttl } = terms;
        Self { form, usage, latency_us, at, ttl, bytes }
    }

    /// Bytes that it takes, about.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether it may be given at `now` to someone who wants it no older than `most`.
    pub(crate) fn is_fresh(&self, now: Instant, most: Option<Duration>) -> bool {
        let age = now.saturating_duration_since(self.at);
        age < most.map_or(self.ttl, |most| most.min(self.ttl))
    }

    /// What it says.
    pub(crate) fn text(&self) -> String {
        match &self.form {
            Form::Whole(answer) => answer.text.clone(),
            Form::Pieces(chunks) => chunks.iter().map(|chunk| chunk.text.as_str()).collect(),
        }
    }

    /// As a whole answer.
    pub(crate) fn answer(&self) -> Answer {
        match &self.form {
            Form::Whole(answer) => (**answer).clone(),
            // It was tried when it was kept.
            Form::Pieces(chunks) => gather::whole(chunks).unwrap_or_default(),
        }
    }

    /// As a stream.
    pub(crate) fn chunks(&self) -> Vec<Chunk> {
        match &self.form {
            Form::Whole(answer) => gather::pieces((**answer).clone()),
            Form::Pieces(chunks) => chunks.clone(),
        }
    }
}

/// What is known of an answer beside its content.
pub(crate) struct Terms {
    pub(crate) usage: Usage,
    pub(crate) latency_us: u64,
    pub(crate) at: Instant,
    pub(crate) ttl: Duration,
}

/// The pieces of a stream that may be kept once it is complete.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    chunks: Vec<Chunk>,
    bytes: usize,
    /// Whether the vendor's own events are kept: they hold what neutral words do not.
    exact: bool,
    over: bool,
}

impl Pieces {
    pub(crate) fn new(exact: bool) -> Self {
        Self { exact, ..Self::default() }
    }

    pub(crate) fn add(&mut self, chunk: &Chunk) {
        if self.over {
            return;
        }
        if self.exact {
            let raw = chunk.raw.as_ref().map(detached);
            self.push(Chunk { raw, ..chunk.clone() });
        } else if !chunk.is_silent() {
            match self.chunks.last_mut() {
                Some(last) if only_text(last) && only_text(chunk) && last.text.len() < PIECE => {
                    last.text.push_str(&chunk.text);
                    self.bytes += chunk.text.len();
                }
                _ => self.push(Chunk { raw: None, ..chunk.clone() }),
            }
        }
        if self.bytes > MOST {
            *self = Self { over: true, ..Self::default() };
        }
    }

    fn push(&mut self, chunk: Chunk) {
        self.bytes += size_of::<Chunk>() + size_of_chunk(&chunk);
        self.chunks.push(chunk);
    }

    /// Whether the model refuses.
    pub(crate) fn refuse(&self) -> bool {
        self.chunks.iter().any(|chunk| chunk.refusal)
    }

    /// Whether tools are to be called.
    pub(crate) fn call_tools(&self) -> bool {
        self.chunks.iter().any(|chunk| chunk.tool_calls.is_some())
    }
}

fn only_text(chunk: &Chunk) -> bool {
    chunk.reasoning.is_empty()
        && !chunk.refusal
        && chunk.tool_calls.is_none()
        && chunk.finish.is_none()
        && chunk.usage.is_none()
}

/// The same bytes, which do not hold on to a larger buffer of the connection.
fn detached(raw: &Raw) -> Raw {
    Raw { dialect: raw.dialect, bytes: bytes::Bytes::copy_from_slice(&raw.bytes) }
}

fn size_of_answer(answer: &Answer) -> usize {
    answer.raw.as_ref().map_or(0, |raw| raw.bytes.len())
        + answer.id.len()
        + answer.model.len()
        + answer.text.len()
        + answer.reasoning.len()
        + answer.tool_calls.as_ref().map_or(0, |calls| calls.get().len())
        + answer.stop_sequence.as_ref().map_or(0, String::len)
}

fn size_of_chunk(chunk: &Chunk) -> usize {
    chunk.raw.as_ref().map_or(0, |raw| raw.bytes.len())
        + chunk.text.len()
        + chunk.reasoning.len()
        + chunk.tool_calls.as_ref().map_or(0, |calls| calls.get().len())
        + chunk.stop_sequence.as_ref().map_or(0, String::len)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use gatemark_provider::answer::Finish;

    pub(crate) fn terms(ttl: u64) -> Terms {
        let ttl = Duration::from_secs(ttl);
        Terms { usage: Usage::default(), latency_us: 1, at: Instant::now(), ttl }
    }

    pub(crate) fn kept(text: &str) -> Kept {
        Kept::whole(&Answer { text: text.into(), ..Answer::default() }, terms(60))
    }

    fn said(text: &str) -> Chunk {
        Chunk { text: text.into(), ..Chunk::default() }
    }

    #[test]
    fn pieces_are_joined_and_say_the_same() {
        let mut pieces = Pieces::new(false);
        for _ in 0..100 {
            pieces.add(&said("0123456789"));
        }
        pieces.add(&Chunk::default());
        pieces.add(&Chunk { finish: Some(Finish::Stop), ..Chunk::default() });
        let kept = Kept::pieces(pieces, terms(60)).unwrap();
        assert_eq!((kept.text().len(), kept.chunks().len()), (1000, 5));
        assert_eq!(kept.answer().text, kept.text());
        let told: String = kept.chunks().iter().map(|chunk| chunk.text.clone()).collect();
        assert_eq!(told, kept.text());
    }

    #[test]
    fn exact_pieces_stay_as_they_came() {
        let mut pieces = Pieces::new(true);
        for _ in 0..10 {
            pieces.add(&said("x"));
            pieces.add(&Chunk::default());
        }
        assert_eq!(Kept::pieces(pieces, terms(60)).unwrap().chunks().len(), 20);
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        let mut pieces = Pieces::new(false);
        for _ in 0..5 {
            pieces.add(&said(&"x".repeat(1 << 20)));
        }
        assert!(pieces.chunks.is_empty(), "nothing is held back either");
        assert!(Kept::pieces(pieces, terms(60)).is_none());
    }

    #[test]
    fn age_is_bounded_by_both_sides() {
        let kept = kept("x");
        let at = |seconds| kept.at + Duration::from_secs(seconds);
        assert!(kept.is_fresh(at(59), None) && !kept.is_fresh(at(60), None));
        let most = Some(Duration::from_secs(10));
        assert!(kept.is_fresh(at(9), most) && !kept.is_fresh(at(10), most));
        assert!(
            !kept.is_fresh(at(61), Some(Duration::from_secs(600))),
            "callers cannot lengthen it"
        );
    }
}
