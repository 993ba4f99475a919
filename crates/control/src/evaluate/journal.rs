//! Keeps rows and answers as they come, many in one transaction: whoever waits for the disk waits once
//! for all that came meanwhile.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::id::Digest;
use gatemark_core::report::Row;
use gatemark_gateway::{Answers, Remembered, clock};
use gatemark_store::Store;
use gatemark_store::run::Batch;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Entries that may wait; beyond it, those who have more wait too.
const WAITING: usize = 256;

/// Answers older than a week are not taken: what a model's name stands for changes, and so do vendors.
const OLDEST_US: i64 = 7 * 24 * 3600 * 1_000_000;

enum Entry {
    Row(String, u64, Box<Row>),
    Answer(Digest, String, oneshot::Sender<()>),
}

/// Writes a run's rows, and answers for later runs.
pub(super) struct Journal {
    sender: mpsc::Sender<Entry>,
    task: JoinHandle<Result<()>>,
}

impl Journal {
    // Its handle is held, and `close` reports how it ended.
    #[allow(clippy::disallowed_methods)]
    pub(super) fn open(store: &Store) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        let task = tokio::spawn(write(store.clone(), receiver));
        Self { sender, task }
    }

    /// Answers of earlier runs, and a place for new ones.
    pub(super) fn answers(&self, store: &Store) -> Arc<dyn Answers> {
        Arc::new(Kept { store: store.clone(), sender: self.sender.clone() })
    }

    /// Keeps a row of `run`, soon.
    pub(super) async fn row(&self, run: &str, ordinal: u64, row: Row) -> Result<()> {
        let entry = Entry::Row(run.to_string(), ordinal, Box::new(row));
        self.sender.send(entry).await.map_err(|_| gone())
    }

    /// Resolves when everything is kept.
    pub(super) async fn close(self) -> Result<()> {
        drop(self.sender);
        self.task.await.map_err(|cause| Error::internal("the journal failed").because(cause))?
    }
}

fn gone() -> Error {
    Error::new(Kind::Unavailable, "the run's rows cannot be kept: see the log")
}

/// Ends at the first failure, and with it everybody who waits to write.
async fn write(store: Store, mut receiver: mpsc::Receiver<Entry>) -> Result<()> {
    let mut entries = Vec::with_capacity(WAITING);
    while receiver.recv_many(&mut entries, WAITING).await > 0 {
        let mut batch = Batch::default();
        let mut waiting = vec![];
        for entry in entries.drain(..) {
            match entry {
                Entry::Row(run, ordinal, row) => batch.rows.push((run, ordinal, *row)),
                Entry::Answer(key, document, done) => {
                    batch.answers.push((key, document));
                    waiting.push(done);
                }
            }
        }
        store.journal(batch, clock::now_us()).await?;
        for done in waiting {
            // Whoever asked may have been cancelled; the answer is kept all the same.
            done.send(()).ok();
        }
    }
    Ok(())
}

struct Kept {
    store: Store,
    sender: mpsc::Sender<Entry>,
}

impl Answers for Kept {
    fn get<'a>(&'a self, key: &'a Digest) -> BoxFuture<'a, Result<Option<Remembered>>> {
        Box::pin(async move {
            let found = self.store.answer(key, clock::now_us() - OLDEST_US).await?;
            // An answer that an older program kept in another form is as good as none.
            Ok(found.and_then(|json| serde_json::from_str(&json).ok()))
        })
    }

    fn put<'a>(&'a self, key: &'a Digest, answer: &'a Remembered) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let document = serde_json::to_string(answer)
                .map_err(|cause| Error::internal("an answer cannot be kept").because(cause))?;
            let (done, kept) = oneshot::channel();
            let entry = Entry::Answer(*key, document, done);
            self.sender.send(entry).await.map_err(|_| gone())?;
            kept.await.map_err(|_| gone())
        })
    }
}
