//! Threads that own database connections.
//!
//! A statement can wait for a disk or for another process's lock, so none runs on a thread of the async
//! runtime. Owning threads, rather than the runtime's pool of blocking ones, keep a connection's
//! statements in the order in which they were sent; therefore a dropped transaction can send its rollback
//! without waiting, and whatever is sent after it finds the connection clean.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use gatemark_core::{Error, Kind, Result};
use rusqlite::Connection;
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// One or more connections that take jobs from one queue. The queue has no bound of its own: callers wait
/// for their answer, so it is never longer than the number of requests in flight.
#[derive(Debug)]
pub(crate) struct Worker {
    sender: Mutex<Option<Sender<Job>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Worker {
    /// Starts one thread for each connection.
    pub(crate) fn start(name: &str, connections: Vec<Connection>) -> Result<Self> {
        let (sender, receiver) = channel();
        let receiver = Arc::new(Mutex::new(receiver));
        let mut threads = Vec::with_capacity(connections.len());
        for connection in connections {
            let receiver = Arc::clone(&receiver);
            let thread = std::thread::Builder::new()
                .name(name.into())
                .spawn(move || serve(&receiver, connection))
                .map_err(|cause| {
                    Error::new(Kind::Unavailable, "no thread for the store").because(cause)
                })?;
            threads.push(thread);
        }
        Ok(Self { sender: Mutex::new(Some(sender)), threads: Mutex::new(threads) })
    }

    /// Runs `work` on a connection and waits for its result. If the caller stops waiting, the work is
    /// still done.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> T + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let sent = self.send(move |connection| {
            // Nobody may be waiting any more; the work was wanted all the same.
            drop(answer.send(work(connection)));
        });
        if !sent {
            return Err(Error::new(Kind::Unavailable, "the store is closed"));
        }
        answered.await.map_err(|cause| Error::internal("the store's thread ended").because(cause))
    }

    /// Queues `work` without waiting; false if the worker is closed.
    pub(crate) fn send(&self, work: impl FnOnce(&mut Connection) + Send + 'static) -> bool {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        sender.as_ref().is_some_and(|sender| sender.send(Box::new(work)).is_ok())
    }

    /// Finishes what is queued and closes the connections.
    pub(crate) async fn close(&self) {
        drop(self.sender.lock().unwrap_or_else(PoisonError::into_inner).take());
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let joined = tokio::task::spawn_blocking(move || {
            threads.into_iter().filter_map(|thread| thread.join().err()).count()
        });
        if !matches!(joined.await, Ok(0)) {
            tracing::error!("a thread of the store had panicked");
        }
    }
}

fn serve(receiver: &Mutex<Receiver<Job>>, mut connection: Connection) {
    loop {
        // The lock is held while waiting: one idle thread waits for a job, the others for the lock.
        let job = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        job(&mut connection);
    }
}
