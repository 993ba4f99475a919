//! The class table: what a failure says about who should be asked next.

use gatemark_core::error::{Error, Kind};

/// What to do about a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// The request is at fault: nobody is asked again.
    Caller,
    /// The key is: another key, else another target, at once. The same key would be refused again.
    Key,
    /// The key is over its rate: another key or target at once, else the wait that the vendor asks for.
    Limited,
    /// The vendor failed and may recover: the same target after a pause, then another.
    Fault,
    /// The vendor will not recover while this call waits: another target at once.
    Elsewhere,
}

/// The code of an answer over the bound: the same request would get it again.
const TOO_LARGE: &str = "answer_too_large";

/// The class of `error`, which an attempt ended with.
pub(crate) fn of(error: &Error) -> Class {
    let status = error.vendor().map_or(0, |said| said.status);
    match (error.kind(), status) {
        (Kind::VendorFailed, 401..=403) => Class::Key,
        (Kind::VendorFailed, 300..=399) | (Kind::Unavailable, _) => Class::Elsewhere,
        (Kind::VendorFailed, _) if error.code() == TOO_LARGE => Class::Elsewhere,
        (Kind::Limited, _) => Class::Limited,
        (Kind::VendorFailed | Kind::Timeout, _) => Class::Fault,
        _ => Class::Caller,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatemark_core::error::VendorSaid;

    #[test]
    fn the_table() {
        let class = |kind, status| {
            let said = VendorSaid { status, ..VendorSaid::default() };
            of(&Error::new(kind, "x").from_vendor(said))
        };
        for status in [401, 402, 403] {
            assert_eq!(class(Kind::VendorFailed, status), Class::Key, "{status}");
        }
        for status in [0, 200, 409, 500, 502, 503, 529] {
            assert_eq!(class(Kind::VendorFailed, status), Class::Fault, "{status}");
        }
        assert_eq!(class(Kind::VendorFailed, 302), Class::Elsewhere);
        assert_eq!(class(Kind::Limited, 429), Class::Limited);
        assert_eq!(class(Kind::Timeout, 504), Class::Fault);
        assert_eq!(class(Kind::VendorRejected, 400), Class::Caller);
        assert_eq!(of(&Error::invalid("x")), Class::Caller);
        assert_eq!(of(&Error::internal("x")), Class::Caller);
        assert_eq!(of(&Error::new(Kind::Timeout, "x")), Class::Fault);
        assert_eq!(of(&Error::new(Kind::Unavailable, "no key")), Class::Elsewhere);
        assert_eq!(of(&Error::new(Kind::VendorFailed, "x").coded(TOO_LARGE)), Class::Elsewhere);
    }
}
