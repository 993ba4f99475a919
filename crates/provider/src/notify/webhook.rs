//! Webhooks: Gatemark's own format, signed.
//!
//! The signature is an HMAC-SHA256 (RFC 2104, FIPS 180-4) over the time of sending, a dot and the body, under the
//! channel's secret. A receiver that refuses old times cannot be shown a message again by whoever overheard it.

use gatemark_core::alert::{Message, Notice};
use ring::hmac;
use serde_json::{Value, json};

use super::post::{Headers, Undelivered};
use super::words::title;

/// Body and headers of `message`, sent at `now` in seconds since 1970.
pub(super) fn request(
    message: &Message,
    secret: Option<&str>,
    now: i64,
) -> Result<(Vec<u8>, Headers), Undelivered> {
    let body = serde_json::to_vec(&body(message))
        .map_err(|_| Undelivered::lasting("the message cannot be written as JSON"))?;
    let mut headers =
        vec![("idempotency-key", message.id.clone()), ("x-gatemark-timestamp", now.to_string())];
    if let Some(secret) = secret {
        headers.push(("x-gatemark-signature", signature(secret, now, &body)));
    }
    Ok((body, headers))
}

fn body(message: &Message) -> Value {
    let notices: Vec<Value> = message.notices.iter().map(notice).collect();
    json!({
        "id": message.id,
        "channel": message.channel,
        "group": message.group,
        "at": message.at,
        "notices": notices,
    })
}

fn notice(notice: &Notice) -> Value {
    let mut value = json!({
        "kind": notice.kind.word(),
        "incident": notice.incident(),
        "title": title(notice),
        "since": notice.since,
        "at": notice.at,
        "alert": notice.signal,
    });
    if let Value::Object(fields) = &mut value {
        fields.extend(notice.actor.iter().map(|actor| ("actor".to_string(), json!(actor))));
        fields.extend(notice.act.iter().map(|act| ("act".to_string(), json!(act.word()))));
    }
    value
}

/// `v1=` and the signature in hexadecimal digits.
fn signature(secret: &str, now: i64, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signed = [format!("{now}.").as_bytes(), body].concat();
    let tag = hmac::sign(&key, &signed);
    let digits: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("v1={digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with Python: `hmac.new(b"s3cret", b'1763761000.{"a":1}', "sha256").hexdigest()`.
    #[test]
    fn a_signature_is_what_others_make_of_it() {
        let ours = signature("s3cret", 1_763_761_000, br#"{"a":1}"#);
        let theirs = "45af2b0ca31427b09ce233ec25435977fbd4d893060096cd7e6869329ea1b91c";
        assert_eq!(ours, format!("v1={theirs}"));
    }
}
