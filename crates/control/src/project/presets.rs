//! The words for `protocol:` and what each stands for: a vendor's address, where its key is, and how it differs
//! from the protocol that it speaks. A new server that is compatible with OpenAI's is one entry here.

use gatemark_core::model::{Protocol, Quirks};

/// What a word stands for.
pub(super) struct Preset {
    /// The word, and the name under which a provider needs no `protocol`.
    pub(super) word: &'static str,
    /// What is spoken.
    pub(super) protocol: Protocol,
    /// The root of the API where none is written; `None` if one must be. `{region}` is replaced.
    pub(super) base_url: Option<&'static str>,
    /// The variable with the key where none is named; `None` for servers that ask for none.
    pub(super) key: Option<&'static str>,
    /// How it differs.
    pub(super) quirks: Quirks,
}

const PLAIN: Quirks = Quirks { no_stream_options: false, renamed: &[] };

/// Refuses fields that it does not know.
const MISTRAL: Quirks = Quirks {
    no_stream_options: true,
    renamed: &[("seed", "random_seed"), ("max_completion_tokens", "max_tokens")],
};

/// Knows the old name only.
const OLD_NAME: Quirks =
    Quirks { no_stream_options: false, renamed: &[("max_completion_tokens", "max_tokens")] };

const fn preset(
    word: &'static str,
    protocol: Protocol,
    base_url: Option<&'static str>,
    key: Option<&'static str>,
    quirks: Quirks,
) -> Preset {
    Preset { word, protocol, base_url, key, quirks }
}

/// A server that is compatible with OpenAI's.
const fn compatible(
    word: &'static str,
    base_url: &'static str,
    key: Option<&'static str>,
    quirks: Quirks,
) -> Preset {
    preset(word, Protocol::Openai, Some(base_url), key, quirks)
}

/// Every word, the most general first.
pub(super) static PRESETS: [Preset; 16] = [
    // Address and key of OpenAI itself are for the provider of that name: the word means any such server.
    preset("openai", Protocol::Openai, None, None, PLAIN),
    preset("anthropic", Protocol::Anthropic, Some("https://api.anthropic.com"), None, PLAIN),
    preset(
        "gemini",
        Protocol::Gemini,
        Some("https://generativelanguage.googleapis.com/v1beta"),
        Some("GEMINI_API_KEY"),
        PLAIN,
    ),
    preset("azure", Protocol::Azure, None, Some("AZURE_OPENAI_API_KEY"), PLAIN),
    preset(
        "bedrock",
        Protocol::Bedrock,
        Some("https://bedrock-runtime.{region}.amazonaws.com"),
        Some("AWS_ACCESS_KEY_ID"),
        PLAIN,
    ),
    preset(
        "vertex",
        Protocol::Vertex,
        Some("https://{region}-aiplatform.googleapis.com"),
        Some("GOOGLE_APPLICATION_CREDENTIALS"),
        PLAIN,
    ),
    compatible("mistral", "https://api.mistral.ai/v1", Some("MISTRAL_API_KEY"), MISTRAL),
    compatible("groq", "https://api.groq.com/openai/v1", Some("GROQ_API_KEY"), PLAIN),
    compatible("together", "https://api.together.xyz/v1", Some("TOGETHER_API_KEY"), OLD_NAME),
    compatible("deepseek", "https://api.deepseek.com/v1", Some("DEEPSEEK_API_KEY"), OLD_NAME),
    compatible("openrouter", "https://openrouter.ai/api/v1", Some("OPENROUTER_API_KEY"), PLAIN),
    compatible("ollama", "http://localhost:11434/v1", None, OLD_NAME),
    compatible("vllm", "http://localhost:8000/v1", None, PLAIN),
    compatible("llamacpp", "http://localhost:8080/v1", None, PLAIN),
    preset("sim", Protocol::Sim, None, None, PLAIN),
    preset("local", Protocol::Local, Some("https://huggingface.co"), None, PLAIN),
];

/// The words with what they stand for.
pub(super) fn words() -> Vec<(&'static str, &'static Preset)> {
    PRESETS.iter().map(|preset| (preset.word, preset)).collect()
}

impl Preset {
    /// The root of the API for `region`, if it is known without being written.
    pub(super) fn address(&self, region: Option<&str>) -> Option<String> {
        // The one location of Google's that is no part of a name.
        if self.protocol == Protocol::Vertex && region == Some("global") {
            return Some("https://aiplatform.googleapis.com".into());
        }
        let address = self.base_url?;
        // A missing region is reported where it is read.
        Some(address.replace("{region}", region.unwrap_or("region")))
    }
}
