//! What a prompt that judges answers is given, and what its replies say.
//!
//! Judges are asked in two places: by checks, in `control`, and by a cascade, in the gateway while a caller
//! waits. Both must take the same prompts for judges and read the same replies as verdicts, so what does not
//! ask anybody is here.
//!
//! Everything fails closed: a reply that is missing, of another form, out of its scale or at odds with itself is
//! no verdict. The judged text is data: it reaches the judge in an untrusted variable, and the judge's reply
//! is read whole, so a verdict that an answer carries in itself is never mistaken for the judge's.

mod contract;
mod opinion;
mod subject;

pub use contract::{Contract, Form, Scale};
pub use opinion::{Opinion, Winner, brief, read, read_winner};
pub use subject::Subject;
