//! Caches in the headers of a call: what the caller wants of them, and what they did.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use gatemark_core::error::Result;
use gatemark_gateway::{CACHE_HEADER, CacheFacts, CacheWish};

/// What the caller wants.
pub(crate) fn wish(headers: &HeaderMap) -> Result<CacheWish> {
    let all = |name: &str| {
        let given = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        given.collect::<Vec<_>>().join(",")
    };
    if !headers.contains_key(CACHE_HEADER) && !headers.contains_key(header::CACHE_CONTROL) {
        return Ok(CacheWish::default());
    }
    CacheWish::read(Some(&all(CACHE_HEADER)), Some(&all(header::CACHE_CONTROL.as_str())))
}

/// What they did. What was saved is told beside the cost.
pub(crate) fn describe(headers: &mut HeaderMap, cache: CacheFacts) {
    let told = [
        (CACHE_HEADER, Some(cache.how.word().to_string())),
        ("age", cache.age.map(|age| age.as_secs().to_string())),
        ("x-gatemark-cache-similarity", cache.similarity.map(|share| format!("{share:.4}"))),
    ];
    for (name, value) in told {
        if let Some(value) = value.and_then(|value| HeaderValue::from_maybe_shared(value).ok()) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatemark_core::cache::CacheUse;
    use std::time::Duration;

    #[test]
    fn what_is_told() {
        let told = |cache| {
            let mut headers = HeaderMap::new();
            describe(&mut headers, cache);
            let value =
                |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_string());
            [value("x-gatemark-cache"), value("age"), value("x-gatemark-cache-similarity")]
        };
        let similar = CacheFacts {
            how: CacheUse::Similar,
            age: Some(Duration::from_millis(2900)),
            similarity: Some(0.98),
        };
        let wanted = ["similar", "2", "0.9800"].map(|text| Some(text.to_string()));
        assert_eq!(told(similar), wanted);
        let miss = CacheFacts { how: CacheUse::Miss, age: None, similarity: None };
        assert_eq!(told(miss), [Some("miss".into()), None, None]);
    }

    #[test]
    fn wishes_are_read_from_every_header() {
        let mut headers = HeaderMap::new();
        assert_eq!(wish(&headers).unwrap(), CacheWish::default());
        headers.append(CACHE_HEADER, "ttl=5".parse().unwrap());
        headers.append("cache-control", "max-age=0".parse().unwrap());
        headers.append("cache-control", "no-cache".parse().unwrap());
        let found = wish(&headers).unwrap();
        assert!(found.refresh && found.ttl == Some(Duration::from_secs(5)));
    }
}
