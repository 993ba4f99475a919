//! Whether a text that is still being written can become a JSON value that fits a schema.
//!
//! A streamed answer leaves piece by piece, so its fault should be known when it is made and not when the
//! answer is complete. The law here is one-sided: *what is the beginning of a right answer is never
//! rejected*. So only what is cheap to know for certain is looked at: JSON's own grammar, the types at known
//! paths, names that are not allowed, the values of an `enum` letter by letter, and what an object still
//! lacked when it was closed. Bounds, patterns, `not`, conditions and which branch of an `anyOf` is meant are
//! left to the whole validation at the end. One exception to the law is wanted: of a name that is written
//! twice in an object every value must fit, where a parser takes the last.

mod outline;
mod scan;

pub use outline::Outline;
pub use scan::Prefix;

#[cfg(test)]
mod tests;
