//! Signatures of thoughts inside the ids of calls.
//!
//! Newer models sign each call and want the signature back with it. Chat completions have no place for it that
//! every client library returns, but all return a call's id; so it travels there:
//! `<id>__sig__<signature in URL-safe base64>`. Only letters, digits, `-` and `_` appear, as other formats
//! demand of ids.

const MARK: &str = "__sig__";

/// The id that carries `signature` (base64), if there is one.
pub(super) fn attach(id: &str, signature: Option<&str>) -> String {
    match signature.filter(|signature| !signature.is_empty()) {
        None => id.to_string(),
        Some(signature) => {
            let safe = signature.trim_end_matches('=').replace('+', "-").replace('/', "_");
            format!("{id}{MARK}{safe}")
        }
    }
}

/// The signature in `id`, as the model gave it.
pub(super) fn detach(id: &str) -> Option<String> {
    let (_, safe) = id.split_once(MARK)?;
    let mut signature = safe.replace('-', "+").replace('_', "/");
    while signature.len() % 4 != 0 {
        signature.push('=');
    }
    Some(signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_survive_the_way() {
        for signature in ["QUJD", "QUI=", "QQ==", "a+/b", "//8_", "__sig__A"] {
            let standard = signature.replace('_', "/");
            let id = attach("call_r_0", Some(&standard));
            assert!(
                id.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_'),
                "{id}"
            );
            assert_eq!(detach(&id).unwrap(), standard);
        }
        assert_eq!(attach("c", None), "c");
        assert_eq!(detach("call_1"), None);
    }
}
