//! Whether a request to a server without keys was sent by a program on this machine.
//!
//! Such a server listens on loopback only, but web pages reach it through a browser on the same machine,
//! and strangers through a proxy in front. What a browser says about a page's site cannot be forged by the
//! page, and a request without those headers is no page's.

use axum::http::{HeaderMap, HeaderValue, header};
use gatemark_core::error::{Error, Kind, Result};

/// Types of body that a page may send to any site without asking first.
const SIMPLE: [&str; 3] =
    ["text/plain", "multipart/form-data", "application/x-www-form-urlencoded"];
/// What proxies add: behind one, everybody has a loopback address.
const PROXIED: [&str; 3] = ["forwarded", "x-forwarded-for", "x-real-ip"];

/// Refuses requests that may come from elsewhere.
pub(super) fn check(headers: &HeaderMap) -> Result<()> {
    let every = |name: &str, accept: fn(&str) -> bool| {
        headers.get_all(name).iter().all(|value| value.to_str().is_ok_and(accept))
    };
    if !headers.contains_key(header::HOST) || !every("host", is_loopback) {
        return forbidden("a server without keys answers only to loopback names");
    }
    if !every("origin", is_local_origin) || !every("sec-fetch-site", |site| site != "cross-site") {
        return forbidden("a server without keys does not answer to other sites");
    }
    if PROXIED.iter().any(|name| headers.contains_key(*name)) {
        return forbidden("a server without keys does not answer through a proxy");
    }
    if is_from_browser(headers) && headers.get_all(header::CONTENT_TYPE).iter().any(is_simple) {
        return forbidden("a server without keys takes no forms from web pages, only JSON");
    }
    Ok(())
}

fn forbidden(what: &str) -> Result<()> {
    let message =
        format!("{what}: create a key (`gatemark key create`) to be called from elsewhere");
    Err(Error::new(Kind::Forbidden, message).coded("not_local"))
}

fn is_from_browser(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| *name == header::ORIGIN || name.as_str().starts_with("sec-fetch-"))
}

fn is_simple(value: &HeaderValue) -> bool {
    // A type that is not ASCII is none that a program of this machine would send.
    value.to_str().map_or(true, |text| {
        let essence = text.split(';').next().unwrap_or_default().trim();
        SIMPLE.iter().any(|simple| essence.eq_ignore_ascii_case(simple))
    })
}

fn is_local_origin(origin: &str) -> bool {
    let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    host.is_some_and(is_loopback)
}

/// Whether `host`, a name or address with or without a port, is this machine's loopback.
fn is_loopback(host: &str) -> bool {
    if let Some(rest) = host.strip_prefix('[') {
        let Some((address, port)) = rest.split_once(']') else { return false };
        let is_loopback =
            address.parse::<std::net::Ipv6Addr>().is_ok_and(|address| address.is_loopback());
        return is_loopback && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port));
    }
    let (name, port) = host.split_once(':').unwrap_or((host, "0"));
    let is_loopback = name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    is_loopback && is_port(port)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|c| c.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(more: &[(&'static str, &[u8])]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert("host", "localhost:8787".parse().unwrap());
        for (name, value) in more {
            headers.insert(*name, HeaderValue::from_bytes(value).unwrap());
        }
        check(&headers).is_ok()
    }

    #[test]
    fn loopback_names() {
        for good in
            ["localhost", "LocalHost", "localhost:80", "127.0.0.1:8787", "[::1]:80", "127.9.9.9"]
        {
            assert!(is_loopback(good), "{good}");
        }
        for bad in [
            "",
            "example.com",
            "localhost.example.com:80",
            "10.0.0.1",
            "127.0.0.1.example.com",
            "::1",
            "[::1",
            "[::1]x",
            "[[::1]]",
            "[127.0.0.1]",
            "localhost:",
            "localhost:99999",
            "localhost:80:80",
            "localhost:+80",
            "localhost@example.com",
        ] {
            assert!(!is_loopback(bad), "{bad}");
        }
    }

    #[test]
    fn only_a_loopback_origin_is_accepted() {
        for good in ["http://localhost:3000", "https://127.0.0.1", "http://[::1]:8787"] {
            assert!(admits(&[("origin", good.as_bytes())]), "{good}");
        }
        for bad in [
            "null",
            "",
            "localhost",
            "file://localhost",
            "https://evil.example",
            "http://localhost.evil.example",
            "http://localhost/",
            "http://localhost, http://localhost",
        ] {
            assert!(!admits(&[("origin", bad.as_bytes())]), "{bad}");
        }
        assert!(!admits(&[("origin", b"http://localhost\xe9")]));
    }

    #[test]
    fn every_one_of_repeated_headers_counts() {
        let mut headers = HeaderMap::new();
        headers.append("host", "localhost".parse().unwrap());
        headers.append("host", "evil.example".parse().unwrap());
        assert!(check(&headers).is_err());
    }

    #[test]
    fn the_host_is_obligatory_and_loopback() {
        assert!(check(&HeaderMap::new()).is_err());
        assert!(admits(&[("host", b"127.0.0.1:1")]));
        assert!(!admits(&[("host", b"evil.example")]));
        assert!(!admits(&[("host", b"localhost\xe9")]));
    }

    #[test]
    fn other_sites_and_proxies_are_refused() {
        assert!(!admits(&[("sec-fetch-site", b"cross-site")]));
        assert!(admits(&[("sec-fetch-site", b"same-origin")]));
        assert!(admits(&[("sec-fetch-site", b"none")]));
        for name in PROXIED {
            assert!(!admits(&[(name, b"127.0.0.1")]), "{name}");
        }
    }

    #[test]
    fn forms_are_refused_from_pages_only() {
        let origin: (&str, &[u8]) = ("origin", b"http://localhost:3000");
        let fetched: (&str, &[u8]) = ("sec-fetch-mode", b"no-cors");
        for kind in ["text/plain;charset=UTF-8", "Multipart/Form-Data; boundary=x"]
            .into_iter()
            .chain(SIMPLE)
        {
            let kind: (&str, &[u8]) = ("content-type", kind.as_bytes());
            assert!(admits(&[kind]));
            assert!(!admits(&[kind, origin]));
            assert!(!admits(&[kind, fetched]));
        }
        assert!(admits(&[("content-type", b"application/json"), origin, fetched]));
    }
}
