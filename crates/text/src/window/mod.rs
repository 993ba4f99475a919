//! Making a request fit the window of its model.
//!
//! Three questions, answered apart: how much does each part lose ([`plan`]), what of a text or a list is
//! then left ([`cut`], [`items`]), and in which order is a list shown ([`edges`]). Nothing here knows what
//! a prompt is: parts are sizes with priorities, so the laws of the plan can be tested with numbers alone.
//!
//! The laws. Nothing of lower priority is kept while something of a higher one loses a part. A larger
//! budget never takes from any part. Parts of the same priority share what there is evenly: the long ones
//! lose first, down to a common length. What is left of a text is never more than it was given room for,
//! never ends inside a character as people see it (a grapheme cluster, UAX #29), and is left as it is when
//! it is cut again to the same room.

mod cut;
mod list;
mod plan;
#[cfg(test)]
mod tests;

pub use cut::{GAP, cut};
pub use list::{edges, items};
pub use plan::{Keep, Part, Shape, plan};
