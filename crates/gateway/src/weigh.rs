//! How many tokens a request can be at most, without and with counting them.
//!
//! A token is at least one byte of text, and the JSON around a message is longer than what a vendor puts
//! around it, so the bytes of a request bound its tokens from above; that costs nothing. Counting gives a
//! bound about four times closer: exact where the tokenizer is OpenAI's. Tokenizers of other vendors are
//! not public; none is known that makes twice as many tokens of a text, so twice our count is their bound.
//!
//! Images, sounds and files that are only referred to are not bounded by the bytes of the reference. An
//! image counts as [`IMAGE_TOKENS`]; anything else as all that the model can read.

use gatemark_core::model::Usage;
use gatemark_provider::request::{ChatRequest, Messages};
use gatemark_text::tokens::Encoding;
use serde_json::Value;
use serde_json::value::RawValue;

/// What an image is reckoned at: more than vendors bill for one, but for small models that bill them many
/// times over.
const IMAGE_TOKENS: u64 = 5_000;

/// What a file or a sound is reckoned at where nobody knows how much the model can read.
const FILE_TOKENS: u64 = 200_000;

/// Tokens around each message for its role and its ends.
const FRAME_TOKENS: u64 = 6;

/// Texts over this size, in bytes, are not counted: that would keep a thread from other calls.
const MOST_COUNTED: usize = 1 << 20;

/// A request's tokens, bounded by its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Weight {
    /// Bytes of text and of the JSON around it.
    bytes: u64,
    /// Tokens of what is only referred to.
    media: u64,
    /// Whether sound may be read or written.
    pub(crate) sound: bool,
}

impl Weight {
    pub(crate) fn of(request: &ChatRequest) -> Self {
        let fields = request.fields.iter().map(|(name, value)| name.len() + value.get().len());
        let told = request.form.as_deref().map_or(0, |form| form.identity().len());
        let fields: usize = fields.sum::<usize>() + told;
        let (bytes, media) = match &request.messages {
            Messages::Raw(raw) => (raw.get().len(), media(raw)),
            Messages::Turns(turns) => {
                (turns.iter().map(|turn| turn.text.len()).sum(), Media::default())
            }
        };
        // A conversation that the vendor keeps is read again, however long it is.
        let kept = ["previous_response_id", "conversation"];
        let kept = kept.iter().any(|name| request.field(name).is_some());
        let speaks = request.field("audio").is_some() || request.field("modalities").is_some();
        Self {
            bytes: bytes as u64 + fields as u64 + frames(request),
            media: media.tokens.saturating_add(if kept { FILE_TOKENS } else { 0 }),
            sound: media.sound || speaks,
        }
    }

    /// No more tokens than this, of a model that reads `most` if that is known.
    pub(crate) fn tokens(&self, most: Option<u64>) -> u64 {
        let bound = self.bytes.saturating_add(self.media);
        most.map_or(bound, |most| bound.min(most))
    }

    /// A guess for rates, where a wrong one is settled: four bytes to a token.
    pub(crate) fn guess(&self) -> u64 {
        self.bytes.div_ceil(4)
    }

    /// The closer bound that counting gives.
    pub(crate) fn counted(&self, request: &ChatRequest, most: Option<u64>) -> u64 {
        if self.bytes > MOST_COUNTED as u64 {
            return self.tokens(most);
        }
        let (encoding, factor) = match Encoding::of_model(&request.model) {
            Some(encoding) => (encoding, 1),
            None => (Encoding::O200k, 2),
        };
        let mut count = 0;
        each_text(request, |text| count += encoding.count(text) as u64);
        let counted = (count + frames(request)) * factor;
        self.tokens(most).min(counted.saturating_add(self.media))
    }
}

fn frames(request: &ChatRequest) -> u64 {
    match &request.messages {
        Messages::Raw(_) => FRAME_TOKENS,
        Messages::Turns(turns) => (turns.len() as u64 + 1) * FRAME_TOKENS,
    }
}

fn each_text(request: &ChatRequest, mut see: impl FnMut(&str)) {
    match &request.messages {
        Messages::Raw(raw) => see(raw.get()),
        Messages::Turns(turns) => turns.iter().for_each(|turn| see(&turn.text)),
    }
    request.fields.iter().for_each(|(_, value)| see(value.get()));
    if let Some(form) = &request.form {
        see(form.identity());
    }
}

/// The parts of a request that are read without being its texts: definitions of tools, the schema of the
/// answer, and the system message where a dialect keeps it apart.
pub(crate) fn definitions(fields: &[(String, Box<RawValue>)]) -> impl Iterator<Item = &str> {
    const READ: [&str; 6] =
        ["system", "instructions", "tools", "functions", "response_format", "text"];
    fields.iter().filter(|(name, _)| READ.contains(&name.as_str())).map(|(_, value)| value.get())
}

/// Our own count of `texts` for the model `id`; a quarter of the bytes of giant ones.
pub(crate) fn count<'a>(id: &str, texts: impl Iterator<Item = &'a str>) -> u64 {
    let encoding = Encoding::of_model(id).unwrap_or(Encoding::O200k);
    let count = |text: &str| {
        if text.len() > MOST_COUNTED { text.len() / 4 } else { encoding.count(text) }
    };
    texts.map(|text| count(text) as u64).sum()
}

/// Our own count of an answer: of the definitions and messages that were read, and of what was written.
pub(crate) fn estimate(
    id: &str,
    (definitions, messages): (&str, &Messages),
    written: [&str; 2],
) -> Usage {
    let read = std::iter::once(definitions);
    let input = match messages {
        Messages::Raw(raw) => count(id, read.chain([raw.get()])),
        Messages::Turns(turns) => {
            count(id, read.chain(turns.iter().map(|turn| turn.text.as_str())))
        }
    };
    let output = count(id, written.into_iter());
    Usage { input, output, estimated: true, ..Usage::default() }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Media {
    tokens: u64,
    sound: bool,
}

/// What the messages refer to. Most have only texts, and are not parsed to find that out.
fn media(raw: &RawValue) -> Media {
    const SIGNS: [&str; 7] =
        ["image", "audio", "file", "video", "document", "media", "item_reference"];
    let mut media = Media::default();
    if SIGNS.iter().any(|sign| raw.get().contains(sign))
        && let Ok(messages) = serde_json::from_str::<Value>(raw.get())
    {
        seek(&messages, &mut media);
    }
    media
}

fn seek(value: &Value, media: &mut Media) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| seek(item, media)),
        Value::Object(fields) => {
            let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default();
            if kind.contains("image") {
                media.tokens = media.tokens.saturating_add(IMAGE_TOKENS);
            } else if ["audio", "file", "video", "document", "media", "item_reference"]
                .iter()
                .any(|k| kind.contains(k))
            {
                media.tokens = media.tokens.saturating_add(FILE_TOKENS);
                media.sound |= kind.contains("audio");
            }
            // What is inside of such a part is its own.
            let holds = ["", "message", "function_call_output"].contains(&kind);
            if holds || kind.contains("tool") {
                fields.values().for_each(|field| seek(field, media));
            }
        }
        _ => {}
    }
}

/// Shows every text in `value`, which is what a model writes of a tool call: its name and its arguments.
pub(crate) fn each_string(value: &RawValue, mut see: impl FnMut(&str)) {
    let mut left = vec![serde_json::from_str::<Value>(value.get()).unwrap_or_default()];
    while let Some(value) = left.pop() {
        match value {
            Value::String(text) => see(&text),
            Value::Array(items) => left.extend(items.into_iter().rev()),
            // What tells the calls apart is the vendor's, not the model's.
            Value::Object(fields) => left.extend(
                fields
                    .into_iter()
                    .filter(|(name, _)| name != "id" && name != "type")
                    .map(|(_, v)| v),
            ),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatemark_core::prompt::Role;
    use gatemark_provider::request::Turn;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_string()).unwrap()
    }

    fn request(messages: Messages, model: &str) -> ChatRequest {
        let tools =
            r#"[{"type":"function","function":{"name":"look_up","parameters":{"type":"object"}}}]"#;
        let fields = vec![("tools".to_string(), raw(tools))];
        ChatRequest {
            model: model.into(),
            messages,
            stream: false,
            usage_wanted: false,
            fields,
            dialect: gatemark_provider::Dialect::Chat,
            headers: vec![],
            stable: 0,
            form: None,
        }
    }

    #[test]
    fn bytes_bound_the_count_and_the_count_is_closer() {
        let text = "Déjà vu — 漢字 and a long tail of ordinary English words. ".repeat(20);
        let turn = Turn { role: Role::User, text: text.clone() };
        let json = serde_json::json!([{"role": "user", "content": text}]).to_string();
        for messages in [Messages::Turns(vec![turn]), Messages::Raw(raw(&json))] {
            let request = request(messages, "gpt-4o");
            let weight = Weight::of(&request);
            let exact = Encoding::O200k.count(&text) as u64;
            let (counted, bound) = (weight.counted(&request, None), weight.tokens(None));
            assert!(exact < counted && counted < exact + 60, "{exact} {counted}");
            assert!(counted < bound);
            assert_eq!(weight.tokens(Some(7)), 7);
            let other = ChatRequest { model: "claude-x".into(), ..request };
            assert_eq!(weight.counted(&other, None), counted * 2);
        }
    }

    #[test]
    fn what_is_referred_to_counts() {
        let of = |content: &str| {
            let messages = format!(r#"[{{"role":"user","content":{content}}}]"#);
            Weight::of(&request(Messages::Raw(raw(&messages)), "gpt-4o"))
        };
        assert_eq!(of(r#""an image of a file""#).media, 0);
        let image = of(
            r#"[{"type":"text","text":"x"},{"type":"image_url","image_url":{"url":"https://x.example"}}]"#,
        );
        assert_eq!((image.media, image.sound), (IMAGE_TOKENS, false));
        let both = of(
            r#"[{"type":"input_audio","input_audio":{"data":"AA=="}},{"type":"file","file":{"file_id":"f"}}]"#,
        );
        assert_eq!((both.media, both.sound), (2 * FILE_TOKENS, true));
        assert_eq!(both.tokens(Some(128_000)), 128_000);
    }
}
