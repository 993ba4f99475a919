//! Who is told of alerts, and in which form: every receiver's format is known here and nowhere else.
//!
//! A [`Sender`] sends one message once and says whether it arrived, and if not, whether trying again can help. When to
//! try again, how often and how fast is for whoever holds the message; deadlines are theirs too. Each receiver gets
//! the message's id, which stays the same when it is sent again.
//!
//! `words` ← `post` ← `webhook`, `slack`, `pagerduty`, `alertmanager`, `email` ← `sender`.

mod alertmanager;
mod email;
mod pagerduty;
mod post;
mod sender;
mod slack;
mod webhook;
mod words;

pub use sender::{Sender, Undelivered};
