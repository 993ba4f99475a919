//! A closed loop of callers: each connection sends its next request when it has its answer.
//!
//! Every answer is compared with what the mock vendor sends ([`Expected`]). Bounded by count and by time,
//! whichever comes first. Only loopback addresses are called.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::expected::Expected;
use crate::project::{Project, Server};
use crate::{Result, payload};

/// Failures after which a caller gives up.
const PATIENCE: u64 = 20;

/// What to send, and how often.
#[derive(Clone)]
pub(crate) struct Plan {
    /// Whom to call.
    pub(crate) address: SocketAddr,
    /// Headers of each request beside its content type.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The body of each request.
    pub(crate) body: Bytes,
    /// What each good answer says.
    pub(crate) expected: Expected,
    /// Callers at once.
    pub(crate) connections: usize,
    /// Requests in all.
    pub(crate) requests: u64,
    /// No request begins after this.
    pub(crate) longest: Duration,
}

impl Plan {
    /// One call of the named prompt at `server`.
    pub(crate) fn named(project: &Project, server: &Server, stream: bool) -> Self {
        Self {
            address: server.address,
            headers: vec![project.authorization()],
            body: payload::named_request(stream),
            expected: Expected::Bytes(payload::expected(stream)),
            connections: 1,
            requests: 1,
            longest: Duration::from_secs(60),
        }
    }
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Good answers.
    pub(crate) answered: u64,
    /// Everything else.
    pub(crate) errors: u64,
    /// The first error.
    pub(crate) complaint: Option<String>,
    /// From the first request to the last answer.
    pub(crate) wall: Duration,
    /// Of good answers, ascending.
    latencies: Vec<Duration>,
    /// Until the first piece of each good answer's body, ascending.
    first: Vec<Duration>,
}

impl Tally {
    /// The latency that this share of answers stayed within.
    pub(crate) fn quantile(&self, per_cent: usize) -> Duration {
        quantile(&self.latencies, per_cent)
    }

    /// The same for the first piece of an answer's body.
    pub(crate) fn first_quantile(&self, per_cent: usize) -> Duration {
        quantile(&self.first, per_cent)
    }

    /// An error if anything but good answers came.
    pub(crate) fn into_result(self) -> Result<()> {
        let errors = self.errors;
        match self.complaint {
            Some(complaint) => Err(format!("{errors} errors: {complaint}").into()),
            None => Ok(()),
        }
    }

    fn join(&mut self, other: Tally) {
        self.answered += other.answered;
        self.errors += other.errors;
        self.complaint = self.complaint.take().or(other.complaint);
        self.latencies.extend(other.latencies);
        self.first.extend(other.first);
    }
}

/// The nearest rank in ascending `times`.
fn quantile(times: &[Duration], per_cent: usize) -> Duration {
    let rank = (times.len() * per_cent).div_ceil(100).max(1) - 1;
    times.get(rank).copied().unwrap_or_default()
}

/// Carries out `plan`.
pub(crate) async fn run(plan: &Plan) -> Result<Tally> {
    if !plan.address.ip().is_loopback() {
        return Err(format!("{} is not on this machine", plan.address).into());
    }
    let taken = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..plan.connections {
        let caller = Caller {
            plan: plan.clone(),
            taken: taken.clone(),
            until: began + plan.longest,
            tally: Tally::default(),
        };
        callers.spawn(caller.run());
    }
    let mut whole = Tally::default();
    while let Some(tally) = callers.join_next().await {
        whole.join(tally?);
    }
    whole.wall = began.elapsed();
    whole.latencies.sort_unstable();
    whole.first.sort_unstable();
    Ok(whole)
}

struct Caller {
    plan: Plan,
    taken: Arc<AtomicU64>,
    until: Instant,
    tally: Tally,
}

impl Caller {
    /// Calls until there is nothing left to do; opens another connection when one breaks.
    async fn run(mut self) -> Tally {
        let mut ticket = self.take();
        while ticket && self.tally.errors < PATIENCE {
            match self.connection().await {
                Ok(()) => ticket = false,
                Err(fault) => {
                    self.tally.errors += 1;
                    self.tally.complaint.get_or_insert_with(|| fault.to_string());
                    ticket = self.take();
                }
            }
        }
        self.tally
    }

    /// Whether there is another request to send.
    fn take(&self) -> bool {
        Instant::now() < self.until
            && self.taken.fetch_add(1, Ordering::Relaxed) < self.plan.requests
    }

    async fn connection(&mut self) -> Result<()> {
        let socket = TcpStream::connect(self.plan.address).await?;
        socket.set_nodelay(true)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
        let calls = async {
            loop {
                self.call(&mut sender).await?;
                if !self.take() {
                    return Ok(());
                }
            }
        };
        tokio::select! {
            result = calls => result,
            result = connection => match result {
                Ok(()) => Err("the connection was closed".into()),
                Err(error) => Err(error.into()),
            },
        }
    }

    async fn call(&mut self, sender: &mut SendRequest<Full<Bytes>>) -> Result<()> {
        let plan = &self.plan;
        let mut request = Request::post("/v1/chat/completions")
            .header(header::HOST, plan.address.to_string())
            .header(header::CONTENT_TYPE, "application/json");
        for (name, value) in &plan.headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(plan.body.clone()))?;
        sender.ready().await?;
        let began = Instant::now();
        let mut response = sender.send_request(request).await?;
        if response.status() != StatusCode::OK {
            let status = response.status();
            let body = response.into_body().collect().await?.to_bytes();
            return Err(format!("status {status}: {}", String::from_utf8_lossy(&body)).into());
        }
        let mut reader = plan.expected.reader();
        let mut first = None;
        while let Some(frame) = response.frame().await {
            let frame = frame?;
            let data = frame.data_ref().map(Bytes::as_ref).unwrap_or_default();
            first.get_or_insert_with(|| began.elapsed());
            reader.read(data)?;
        }
        reader.end()?;
        let took = began.elapsed();
        self.tally.answered += 1;
        self.tally.latencies.push(took);
        self.tally.first.push(first.unwrap_or(took));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_nearest_ranks() {
        let tally =
            Tally { latencies: (1..=200).map(Duration::from_millis).collect(), ..Tally::default() };
        assert_eq!(tally.quantile(50), Duration::from_millis(100));
        assert_eq!(tally.quantile(99), Duration::from_millis(198));
        assert_eq!(Tally::default().quantile(99), Duration::ZERO);
    }
}
