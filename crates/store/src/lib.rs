//! Everything kept: the registry, its evidence and history, the records of calls, and the call log that
//! is written ahead of them.
//!
//! This crate decides nothing. It stores what it is told inside one transaction, checks what only it can
//! check (that a thing exists, that nobody was faster), and gives it back verified. SQL appears in no
//! other crate, and here only in the modules that are named after a noun; which engine runs it is known
//! to [`sql`] alone.
//!
//! Modules form one line, each using only those before it: `sql` ← `store` ← `counter` ← `audit` ← `opening`,
//! `prompt`, `suite`, `lifecycle`, `run`, `report`, `deploy`, `observation`, `evaluation`, `review`, `access`, `stop`, `conversation`,
//! `embedding`, `calibration`, `redteam`, `queue` ← `document` ← `rollup` ← `baseline`, `score` ← `reviewing`, `deploy`, `outbox` ← `alert`, `rollout`, `due`, `call`
//! ← `experiment`, `calllog`. `stopfile` and `brink` stand beside them.

pub mod access;
mod alert;
mod audit;
mod baseline;
pub mod brink;
mod calibration;
pub mod call;
pub mod calllog;
pub mod conversation;
mod counter;
pub mod deploy;
mod document;
mod due;
mod embedding;
mod evaluation;
mod experiment;
mod forget;
pub mod lifecycle;
mod observation;
mod opening;
mod outbox;
pub mod prompt;
mod queue;
mod redteam;
mod report;
mod review;
mod reviewed;
mod reviewing;
pub mod rollout;
pub mod rollup;
pub mod run;
mod score;
#[cfg(test)]
mod scratch;
mod signal;
pub mod spend;
mod sql;
mod stop;
mod stopfile;
mod store;
mod suite;

pub use access::KeyInfo;
pub use call::{CallFilter, CallTotals};
pub use calllog::{CallLog, CallLogOptions, LogFull, Shipped, ship};
pub use deploy::Admitted;
pub use due::{Due, FEW, PAGE};
pub use experiment::{Shown, Told};
pub use outbox::{Delivery, Outgoing};
pub use prompt::{NewVersion, PromptSummary, Pushed};
pub use reviewed::{Reviewed, Waiting};
pub use reviewing::{ReviewFilter, SCORE as REVIEW_SCORE, Standing};
pub use rollout::{Divided, Division, Noted};
pub use rollup::Rolled;
pub use score::Scored;
pub use stopfile::{KeptOrder, StopFile, StopStamp};
pub use store::Store;
