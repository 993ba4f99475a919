//! One closed kind of error for the whole product.
//!
//! An error says three things apart: what happened in words that the caller may read, who has to act
//! ([`Blame`]), and whether the same request may succeed later. The cause stays in the log. How a kind
//! becomes an HTTP status, an exit code or a metric label is decided once each, at those boundaries.

use std::fmt;
use std::time::Duration;

/// Shorthand used across the workspace.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request or file cannot be understood or breaks a rule.
    Invalid,
    /// No key, or one that we do not know.
    Unauthenticated,
    /// A known key without the role that the action needs.
    Forbidden,
    /// A name that does not exist.
    NotFound,
    /// The thing exists already, or changed meanwhile.
    Conflict,
    /// The gate said no; the message lists the unmet rules.
    Refused,
    /// Over a size bound.
    TooLarge,
    /// Over a rate, a concurrency bound or a cap on money.
    Limited,
    /// The vendor refuses this request: sending it again changes nothing.
    VendorRejected,
    /// The vendor failed: error status, broken answer, broken connection.
    VendorFailed,
    /// The deadline passed.
    Timeout,
    /// The caller went away.
    Cancelled,
    /// We cannot serve now: draining, store unreachable, log full.
    Unavailable,
    /// A bug or a damaged installation of ours.
    Internal,
}

/// Who has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The one who sent the request.
    Caller,
    /// Gatemark or its operator.
    Us,
    /// The model vendor.
    Vendor,
}

impl Kind {
    /// Every kind, for tables and tests.
    pub const ALL: [Kind; 14] = [
        Kind::Invalid,
        Kind::Unauthenticated,
        Kind::Forbidden,
        Kind::NotFound,
        Kind::Conflict,
        Kind::Refused,
        Kind::TooLarge,
        Kind::Limited,
        Kind::VendorRejected,
        Kind::VendorFailed,
        Kind::Timeout,
        Kind::Cancelled,
        Kind::Unavailable,
        Kind::Internal,
    ];

    /// A stable snake-case word: metric label, `code` in JSON, column in the call log.
    pub fn code(self) -> &'static str {
        match self {
            Kind::Invalid => "invalid",
            Kind::Unauthenticated => "unauthenticated",
            Kind::Forbidden => "forbidden",
            Kind::NotFound => "not_found",
            Kind::Conflict => "conflict",
            Kind::Refused => "refused",
            Kind::TooLarge => "too_large",
            Kind::Limited => "limited",
            Kind::VendorRejected => "vendor_rejected",
            Kind::VendorFailed => "vendor_failed",
            Kind::Timeout => "timeout",
            Kind::Cancelled => "cancelled",
            Kind::Unavailable => "unavailable",
            Kind::Internal => "internal",
        }
    }

    /// Who has to act.
    pub fn blame(self) -> Blame {
        match self {
            Kind::VendorFailed | Kind::VendorRejected | Kind::Timeout => Blame::Vendor,
            Kind::Unavailable | Kind::Internal => Blame::Us,
            _ => Blame::Caller,
        }
    }

    /// Whether the identical request may succeed later.
    pub fn may_retry(self) -> bool {
        matches!(self, Kind::Limited | Kind::VendorFailed | Kind::Timeout | Kind::Unavailable)
    }
}

/// What a vendor answered when it refused or failed, kept so that callers see it faithfully.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VendorSaid {
    /// The configured provider's name.
    pub provider: String,
    /// The vendor's status number, 0 if no answer arrived.
    pub status: u16,
    /// The vendor's error type, e.g. `invalid_request_error`.
    pub kind: Option<String>,
    /// The vendor's error code, e.g. `context_length_exceeded`.
    pub code: Option<String>,
    /// The field that the vendor complains about.
    pub param: Option<String>,
}

/// An error of Gatemark. `Display` gives the public message only.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: Kind,
    message: String,
    param: Option<String>,
    code: Option<&'static str>,
    retry_after: Option<Duration>,
    vendor: Option<VendorSaid>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error with a public message.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            param: None,
            code: None,
            retry_after: None,
            vendor: None,
            cause: None,
        }))
    }

    /// [`Kind::Invalid`].
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, message)
    }

    /// [`Kind::NotFound`].
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    /// [`Kind::Internal`].
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Kind::Internal, message)
    }

    /// Attaches the private cause; it goes to the log, never to a caller.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Names the request field at fault.
    #[must_use]
    pub fn at(mut self, param: impl Into<String>) -> Self {
        self.0.param = Some(param.into());
        self
    }

    /// A finer machine-readable code than the kind, e.g. `prompt_not_found`.
    #[must_use]
    pub fn coded(mut self, code: &'static str) -> Self {
        self.0.code = Some(code);
        self
    }

    /// How long to wait before the next try.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// What the vendor said.
    #[must_use]
    pub fn from_vendor(mut self, said: VendorSaid) -> Self {
        self.0.vendor = Some(said);
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The public message.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The request field at fault.
    pub fn param(&self) -> Option<&str> {
        self.0.param.as_deref()
    }

    /// The finest code there is.
    pub fn code(&self) -> &'static str {
        self.0.code.unwrap_or_else(|| self.0.kind.code())
    }

    /// How long to wait before the next try, if anybody said.
    pub fn wait(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// What the vendor said, if it was the vendor.
    pub fn vendor(&self) -> Option<&VendorSaid> {
        self.0.vendor.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as _)
    }
}

impl From<crate::id::InvalidName> for Error {
    fn from(cause: crate::id::InvalidName) -> Self {
        Self::invalid(cause.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_is_not_in_the_public_message() {
        let error = Error::internal("the store failed").because("disk /dev/x at 0x3");
        assert_eq!(error.to_string(), "the store failed");
        assert!(std::error::Error::source(&error).is_some());
    }

    #[test]
    fn codes_are_distinct() {
        let codes: std::collections::BTreeSet<_> = Kind::ALL.iter().map(|k| k.code()).collect();
        assert_eq!(codes.len(), Kind::ALL.len());
    }
}
