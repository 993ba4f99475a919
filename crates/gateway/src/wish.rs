//! What a caller wants of caches, from two headers of its request.

use std::time::Duration;

use gatemark_core::error::{Error, Result};

/// The header with our own words.
pub const HEADER: &str = "x-gatemark-cache";

/// Longest time that a caller may ask to be given an answer again: a day, as for configured caches.
const LONGEST: u64 = 24 * 60 * 60;

/// What a caller wants of caches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheWish {
    /// How old an answer may be. Also asks for an answer of a plain model to be kept that long where no
    /// configured cache is about it.
    pub ttl: Option<Duration>,
    /// Neither give a kept answer nor keep the new one.
    pub no_store: bool,
    /// Give no kept answer, and keep the new one in its place.
    pub refresh: bool,
}

impl CacheWish {
    /// Reads `x-gatemark-cache` (`ttl=SECONDS`, `no-store`, `refresh`, separated by commas) and HTTP's
    /// `cache-control`, of which `no-store`, and `no-cache` for `refresh`, are heeded.
    ///
    /// # Errors
    /// `Invalid` for a word of ours that does not exist; those of HTTP may be any.
    pub fn read(own: Option<&str>, control: Option<&str>) -> Result<Self> {
        let mut wish = Self::default();
        for word in words(control) {
            wish.no_store |= word == "no-store";
            wish.refresh |= word == "no-cache";
        }
        for word in words(own) {
            match word.split_once('=').map_or((word.as_str(), None), |(a, b)| (a, Some(b))) {
                ("no-store", None) => wish.no_store = true,
                ("refresh", None) => wish.refresh = true,
                ("ttl", Some(seconds)) => wish.ttl = Some(time(seconds)?),
                _ => {
                    let message = format!(
                        "`{HEADER}: {word}` is not known: write `ttl=SECONDS`, `no-store` or `refresh`"
                    );
                    return Err(Error::invalid(message).at(HEADER).coded("invalid_cache_header"));
                }
            }
        }
        Ok(wish)
    }
}

fn words(header: Option<&str>) -> impl Iterator<Item = String> {
    let parts = header.unwrap_or_default().split(',');
    parts.map(|part| part.trim().to_ascii_lowercase()).filter(|part| !part.is_empty())
}

fn time(seconds: &str) -> Result<Duration> {
    let whole = seconds.parse().ok().filter(|seconds| *seconds <= LONGEST);
    whole.map(Duration::from_secs).ok_or_else(|| {
        let message = format!("`{HEADER}: ttl` must be whole seconds from 0 to {LONGEST}");
        Error::invalid(message).at(HEADER).coded("invalid_cache_header")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_as_callers_write_them() {
        let read = |own, control| CacheWish::read(own, control).unwrap();
        assert_eq!(read(None, None), CacheWish::default());
        let ttl = Some(Duration::from_secs(60));
        assert_eq!(read(Some("ttl=60"), None), CacheWish { ttl, ..CacheWish::default() });
        assert_eq!(
            read(Some(" TTL=60 ,refresh"), Some("max-age=0")),
            CacheWish { ttl, refresh: true, no_store: false }
        );
        assert!(read(None, Some("private, No-Store")).no_store);
        assert!(read(None, Some("no-cache")).refresh);
        assert!(read(Some("no-store"), None).no_store);
    }

    #[test]
    fn unknown_words_are_refused() {
        for own in ["ttl", "ttl=x", "ttl=-1", "ttl=86401", "on", "no-store=1"] {
            let error = CacheWish::read(Some(own), None).unwrap_err();
            assert_eq!(
                (error.param(), error.code()),
                (Some(HEADER), "invalid_cache_header"),
                "{own}"
            );
        }
    }
}
