//! From a request's headers to a caller.
//!
//! While no keys exist the server is bound to loopback and whoever can reach it is the operator; `local`
//! refuses what reaches it from elsewhere all the same.

mod local;

use axum::http::{HeaderMap, header};
use gatemark_core::access::{Action, Caller};
use gatemark_core::error::Result;

use crate::app::App;

/// Finds out who calls, and whether they may do `action`.
pub(crate) fn admit(app: &App, headers: &HeaderMap, action: Action) -> Result<Caller> {
    // Keys may appear meanwhile: then the caller has one, and keeps its name.
    let keyless = app.control.is_keyless();
    if keyless {
        local::check(headers)?;
    }
    let mut caller = app.control.gateway().admit(secret(headers), action)?;
    if keyless
        && app.control.is_keyless()
        && let Some(name) = text(headers, "x-gatemark-actor")
    {
        caller.name = name.to_string();
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

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

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
