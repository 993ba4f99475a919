//! What a conversation refers to or carries beside its texts: images, sounds, files.
//!
//! Vendors bill them by what they show and not by the letters that they are sent in, so those letters (base64)
//! are told apart from texts. Blocks are found by what they say after JSON has been read: the same block may
//! be written with escapes, and lie within a tool's result or a document.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// What an image is reckoned at, at most: more than vendors bill for one, but for small models that bill them
/// many times over.
pub(crate) const IMAGE_TOKENS: u64 = 5_000;

/// What a file or a sound is reckoned at, at most, where nobody knows how much the model can read.
pub(crate) const FILE_TOKENS: u64 = 200_000;

/// What an image most likely is, for counts that no vendor gave: about what Anthropic bills for a large one.
const LIKELY_IMAGE: u64 = 1_600;

/// Shorter strings are counted as text, whatever they are: it makes no difference.
const LEAST_CARRIED: usize = 256;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Media {
    /// Most tokens of it.
    pub(crate) tokens: u64,
    /// About how many it most likely is.
    pub(crate) likely: u64,
    /// Whether sound is among it.
    pub(crate) sound: bool,
    /// The conversation without the letters of what it carries; `None` if it carries nothing.
    pub(crate) text: Option<String>,
    carries: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Image,
    Sound,
    File,
}

/// Looks through a conversation. Most have only texts, and are not parsed to find that out.
pub(crate) fn look(raw: &RawValue) -> Media {
    let mut media = Media::default();
    if may_hold(raw.get())
        && let Ok(mut messages) = serde_json::from_str::<Value>(raw.get())
    {
        seek(&mut messages, &mut media);
        if media.carries {
            media.text = serde_json::to_string(&messages).ok();
        }
    }
    media
}

/// Whether the letters of a sign are in `json`, or hidden behind escapes of letters.
fn may_hold(json: &str) -> bool {
    const SIGNS: [&str; 7] =
        ["image", "audio", "file", "video", "document", "media", "item_reference"];
    const LETTERS: [&str; 4] = ["\\u004", "\\u005", "\\u006", "\\u007"];
    SIGNS.iter().any(|sign| json.contains(sign))
        || json.contains("\\u00") && LETTERS.iter().any(|escape| json.contains(escape))
}

fn kind(fields: &Map<String, Value>) -> Option<Kind> {
    const FILES: [&str; 5] = ["file", "video", "document", "media", "item_reference"];
    let of = |word: &str| match word {
        word if word.contains("image") => Some(Kind::Image),
        word if word.contains("audio") => Some(Kind::Sound),
        word if FILES.iter().any(|sign| word.contains(sign)) => Some(Kind::File),
        _ => None,
    };
    match fields.get("type").and_then(Value::as_str) {
        Some(word) => of(word),
        // Some servers go by the name of the member alone.
        None => ["image_url", "input_image", "input_audio", "audio_url", "video_url", "file_data"]
            .into_iter()
            .find(|name| fields.contains_key(*name))
            .and_then(of),
    }
}

fn seek(value: &mut Value, media: &mut Media) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| seek(item, media)),
        Value::Object(fields) => {
            let Some(kind) = kind(fields) else {
                let word = fields.get("type").and_then(Value::as_str).unwrap_or_default();
                // What a tool is called with is the model's own JSON.
                if !word.ends_with("tool_use") {
                    fields.values_mut().for_each(|field| seek(field, media));
                }
                return;
            };
            media.sound |= kind == Kind::Sound;
            let (most, likely) = match kind {
                Kind::Image => (IMAGE_TOKENS, LIKELY_IMAGE),
                Kind::Sound | Kind::File => (FILE_TOKENS, 0),
            };
            media.tokens = media.tokens.saturating_add(most);
            media.likely = media.likely.saturating_add(likely);
            fields.values_mut().for_each(|field| carried(field, kind, media));
        }
        _ => {}
    }
}

/// Takes the letters out of a block. Lists within it are blocks of their own.
fn carried(value: &mut Value, kind: Kind, media: &mut Media) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| seek(item, media)),
        // A document may be given as plain text.
        Value::Object(fields) if fields.get("type").is_some_and(|word| word == "text") => {}
        Value::Object(fields) => {
            fields.values_mut().for_each(|field| carried(field, kind, media));
        }
        Value::String(letters) if is_carried(letters) => {
            let length = letters.len() as u64;
            if kind != Kind::Image {
                media.likely = media.likely.saturating_add(length / 4);
            }
            // Four letters are three bytes, and a token of text is at least one.
            if letters.starts_with("data:text/") {
                let over = (length / 4 * 3).saturating_sub(FILE_TOKENS);
                media.tokens = media.tokens.saturating_add(over);
            }
            media.carries = true;
            letters.clear();
        }
        _ => {}
    }
}

fn is_carried(text: &str) -> bool {
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=-_\r\n".contains(&byte);
    text.len() >= LEAST_CARRIED && (text.starts_with("data:") || text.bytes().all(base64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(content: &str) -> Media {
        let messages = format!(r#"[{{"role":"user","content":{content}}}]"#);
        look(&RawValue::from_string(messages).unwrap())
    }

    fn letters() -> String {
        "iVBORw0KGgo/".repeat(1000)
    }

    #[test]
    fn what_is_referred_to_counts() {
        assert_eq!(of(r#""an image of a file""#), Media::default());
        let image = of(
            r#"[{"type":"text","text":"x"},{"type":"image_url","image_url":{"url":"https://x.example"}}]"#,
        );
        assert_eq!((image.tokens, image.sound, image.text), (IMAGE_TOKENS, false, None));
        let both = of(
            r#"[{"type":"input_audio","input_audio":{"data":"AA=="}},{"type":"file","file":{"file_id":"f"}}]"#,
        );
        assert_eq!((both.tokens, both.sound), (2 * FILE_TOKENS, true));
    }

    #[test]
    fn letters_of_an_image_are_no_text_however_they_are_written() {
        let plain = letters();
        let (slashes, hidden) = (plain.replace('/', r"\/"), "im\\u0061ge_url");
        for block in [
            format!(
                r#"{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{plain}"}}}}"#
            ),
            format!(
                r#"{{"type":"image_url","image_url":{{"url":"data:image\/png;base64,{slashes}"}}}}"#
            ),
            format!(r#"{{"type":"{hidden}","{hidden}":{{"url":"data:{hidden};base64,{plain}"}}}}"#),
            format!(r#"{{"image_url":{{"url":"data:image\/png;base64,{slashes}"}}}}"#),
            format!(r#"{{"type":"image","source":{{"type":"base64","data":"{slashes}"}}}}"#),
            format!(
                r#"{{"type":"tool_result","content":[{{"type":"image","source":{{"data":"{plain}"}}}}]}}"#
            ),
            format!(
                r#"{{"type":"search_result","content":[{{"type":"image","source":{{"data":"{plain}"}}}}]}}"#
            ),
        ] {
            let found = of(&format!("[{block}]"));
            assert_eq!(found.tokens, IMAGE_TOKENS, "{}", &block[..60]);
            assert!(found.text.is_some_and(|text| text.len() < 200), "{}", &block[..60]);
        }
    }

    #[test]
    fn images_within_a_document_count_beside_it() {
        let image =
            format!(r#"{{"type":"image","source":{{"type":"base64","data":"{}"}}}}"#, letters());
        let found = of(&format!(
            r#"[{{"type":"document","source":{{"type":"content","content":[{image},{image}]}}}}]"#
        ));
        assert_eq!(found.tokens, FILE_TOKENS + 2 * IMAGE_TOKENS);
        let text = "plain".repeat(1000);
        let plain =
            of(&format!(r#"[{{"type":"document","source":{{"type":"text","data":"{text}"}}}}]"#));
        assert_eq!((plain.tokens, plain.text), (FILE_TOKENS, None), "a text stays one");
    }

    #[test]
    fn text_cannot_pass_for_a_small_file() {
        let letters = "QUJD".repeat(500_000);
        let found = of(&format!(
            r#"[{{"type":"file","file":{{"file_data":"data:text/plain;base64,{letters}"}}}}]"#
        ));
        assert!(found.tokens >= 1_500_000, "{}", found.tokens);
        let called = of(r#"[{"type":"tool_use","input":{"type":"image","file_data":"x"}}]"#);
        assert_eq!(called.tokens, 0, "what a model calls a tool with is text");
    }
}
