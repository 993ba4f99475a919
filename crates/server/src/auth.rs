//! From a request's headers to a caller.
//!
//! While no keys exist the server is bound to loopback and whoever can reach it is the operator. Web pages
//! can reach it too, through a browser on the same machine, so such a server answers only to requests for a
//! loopback name and refuses those that come from another site.

use axum::http::{HeaderMap, header};
use gatemark_core::access::{Action, Caller};
use gatemark_core::error::{Error, Kind, Result};

use crate::app::App;

/// Finds out who calls, and whether they may do `action`.
pub(crate) fn admit(app: &App, headers: &HeaderMap, action: Action) -> Result<Caller> {
    let secret = secret(headers);
    let mut caller = app.control.gateway().admit(secret, action)?;
    if app.control.is_keyless() {
        from_this_machine(headers)?;
        if let Some(name) = text(headers, "x-gatemark-actor") {
            caller.name = name.to_string();
        }
    }
    Ok(caller)
}

/// The key, from where OpenAI's clients put it or from where Anthropic's do.
fn secret(headers: &HeaderMap) -> Option<&str> {
    let bearer = text(headers, header::AUTHORIZATION.as_str())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, secret)| secret.trim());
    bearer.or_else(|| text(headers, "x-api-key"))
}

fn from_this_machine(headers: &HeaderMap) -> Result<()> {
    let forbidden = |what: &str| {
        let message =
            format!("{what}: create a key (`gatemark key create`) to be called from elsewhere");
        Err(Error::new(Kind::Forbidden, message))
    };
    if text(headers, "host").is_some_and(|host| !is_loopback(host)) {
        return forbidden("a server without keys answers only to loopback names");
    }
    let origin = text(headers, "origin").and_then(|origin| origin.split_once("://"));
    if origin.is_some_and(|(_, host)| !is_loopback(host)) {
        return forbidden("a server without keys does not answer to other sites");
    }
    Ok(())
}

fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|c| c.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_names() {
        for good in ["localhost", "localhost:80", "127.0.0.1:8787", "[::1]:80", "127.9.9.9"] {
            assert!(is_loopback(good), "{good}");
        }
        for bad in ["example.com", "localhost.example.com:80", "10.0.0.1", "127.0.0.1.example.com"]
        {
            assert!(!is_loopback(bad), "{bad}");
        }
    }

    #[test]
    fn keys_are_found_where_clients_put_them() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "bearer gm-1".parse().unwrap());
        assert_eq!(secret(&headers), Some("gm-1"));
        headers.remove("authorization");
        headers.insert("x-api-key", "gm-2".parse().unwrap());
        assert_eq!(secret(&headers), Some("gm-2"));
    }
}
