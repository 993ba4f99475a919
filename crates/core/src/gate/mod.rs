//! The gate's decision, as a function of policy and evidence.
//!
//! A [`Permit`] is the only thing by which the store moves a pointer, and [`Checklist::permit`] is the
//! only thing that makes one, out of a checklist on which every rule is met:
//!
//! ```compile_fail,E0451
//! use gatemark_core::gate::{Permit, Purpose};
//! fn forge(from: Permit) -> Permit {
//!     Permit { purpose: Purpose::Deploy, ..from }
//! }
//! ```
//!
//! So "nothing is served without evidence" is a property of the types here; collecting true evidence is
//! the job of `gatemark_control::gate`.

mod evidence;
mod permit;
mod policy;
mod rules;
#[cfg(test)]
mod tests;

pub use evidence::{AdmittedModel, Approval, Evidence, FallbackEvidence, Purpose};
pub use permit::{Checklist, FallbackFinding, Finding, Permit};
pub use policy::Policy;
pub use rules::{decide, on_model};
