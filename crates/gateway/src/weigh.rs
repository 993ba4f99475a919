//! How many tokens a request can be at most, without and with counting them.
//!
//! A token is at least one byte of text, and the JSON around a message is longer than what a vendor puts
//! around it, so the bytes of a request bound its tokens from above; that costs nothing. Counting gives a
//! bound about four times closer: exact where the tokenizer is OpenAI's. Tokenizers of other vendors are
//! not public; none is known that makes twice as many tokens of a text, so twice our count is their bound.
//!
//! Images, sounds and files are bounded by neither: `media` reckons them.

use gatemark_core::model::Usage;
use gatemark_provider::request::{ChatRequest, Messages};
use gatemark_text::tokens::Encoding;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::media::{self, FILE_TOKENS, Media};

/// Tokens around each message for its role and its ends.
const FRAME_TOKENS: u64 = 6;

/// Texts over this size, in bytes, are not counted: that would keep a thread from other calls.
const MOST_COUNTED: usize = 1 << 20;

/// A request's tokens, bounded by its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Weight {
    /// Bytes of text and of the JSON around it.
    bytes: u64,
    /// Tokens of images, sounds and files.
    media: u64,
    /// Whether the letters of some are in the request, and not among the bytes.
    carries: bool,
    /// Whether sound may be read or written.
    pub(crate) sound: bool,
}

impl Weight {
    pub(crate) fn of(request: &ChatRequest) -> Self {
        let fields = request.fields.iter().map(|(name, value)| name.len() + value.get().len());
        let told = request.form.as_deref().map_or(0, |form| form.identity().len());
        let fields: usize = fields.sum::<usize>() + told;
        let (bytes, media) = match &request.messages {
            Messages::Raw(raw) => {
                let media = media::look(raw);
                (media.text.as_ref().map_or(raw.get().len(), String::len), media)
            }
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
            carries: media.text.is_some(),
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
        self.each_text(request, |text| count += encoding.count(text) as u64);
        let counted = (count + frames(request)) * factor;
        self.tokens(most).min(counted.saturating_add(self.media))
    }

    fn each_text(&self, request: &ChatRequest, mut see: impl FnMut(&str)) {
        match &request.messages {
            Messages::Raw(raw) if self.carries => {
                see(media::look(raw).text.as_deref().unwrap_or(raw.get()));
            }
            Messages::Raw(raw) => see(raw.get()),
            Messages::Turns(turns) => turns.iter().for_each(|turn| see(&turn.text)),
        }
        request.fields.iter().for_each(|(_, value)| see(value.get()));
        if let Some(form) = &request.form {
            see(form.identity());
        }
    }
}

fn frames(request: &ChatRequest) -> u64 {
    match &request.messages {
        Messages::Raw(_) => FRAME_TOKENS,
        Messages::Turns(turns) => (turns.len() as u64 + 1) * FRAME_TOKENS,
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

/// Our own count of a conversation: of its texts, and what its images and files most likely are.
pub(crate) fn read_of(id: &str, raw: &RawValue) -> u64 {
    let Media { text, likely, .. } = media::look(raw);
    count(id, std::iter::once(text.as_deref().unwrap_or(raw.get()))).saturating_add(likely)
}

/// The same in full, however long it is.
pub(crate) fn read_exactly(raw: &RawValue) -> u64 {
    let Media { text, likely, .. } = media::look(raw);
    let counted = Encoding::O200k.count(text.as_deref().unwrap_or(raw.get()));
    likely.saturating_add(counted as u64)
}

/// Our own count of an answer: of the definitions and messages that were read, and of what was written.
pub(crate) fn estimate(
    id: &str,
    (definitions, messages): (&str, &Messages),
    written: [&str; 2],
) -> Usage {
    let read = std::iter::once(definitions);
    let input = match messages {
        Messages::Raw(raw) => count(id, read).saturating_add(read_of(id, raw)),
        Messages::Turns(turns) => {
            count(id, read.chain(turns.iter().map(|turn| turn.text.as_str())))
        }
    };
    let output = count(id, written.into_iter());
    Usage { input, output, estimated: true, ..Usage::default() }
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
    fn an_image_weighs_what_it_shows_and_not_its_letters() {
        let letters = "iVBORw0KGgo/".repeat(20_000);
        let messages = format!(
            r#"[{{"role":"user","content":[{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{letters}"}}}}]}}]"#
        );
        let request = request(Messages::Raw(raw(&messages)), "gpt-4o");
        let weight = Weight::of(&request);
        let (bound, counted) = (weight.tokens(None), weight.counted(&request, None));
        assert!((5_000..5_300).contains(&bound), "{bound}");
        assert!((5_000..5_300).contains(&counted) && counted < bound, "{counted}");
        let usage = estimate("gpt-4o", ("", &request.messages), ["", ""]);
        assert!((1_600..1_700).contains(&usage.input), "{usage:?}");
    }
}
