//! What may leave: answers looked at on their way out.
//!
//! Two ways of looking. [`leak`] judges a whole answer against a system text and gives a score; it sees all of
//! the answer at once and may weigh one place against another. [`filter`] takes an answer in pieces and gives
//! out what may leave, holding back no more than the tail that could still become something to be held back;
//! it decides character by character, so that the pieces in which a vendor happens to send make no difference.
//!
//! Findings say which rule struck and where, never what. Nothing here decides about a call.

pub mod canary;
mod cluster;
pub mod filter;
pub mod leak;
pub mod links;
pub mod lookout;
