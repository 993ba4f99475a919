//! What is known of vendors: who has a mode for answers of a schema, and which models know it.
//!
//! Only what is documented is in it, by the model's own name and, where several vendors share a protocol, by
//! the address. Everyone else is [`Structured::Off`]: a server that does not know a parameter may refuse the
//! call. Whoever knows better says so in the provider's `structured`.

use gatemark_core::model::{Protocol, Provider, Structured};

/// The way that is taken if the project says nothing.
pub(super) fn mode(provider: &Provider, model: &str) -> Structured {
    match provider.protocol {
        Protocol::Anthropic => claude(model),
        Protocol::Openai => at(&provider.base_url, model),
        // Deployments are named by people; most take the model's name.
        Protocol::Azure if openai(model) => Structured::Strict,
        Protocol::Gemini if gemini(model) => Structured::Strict,
        Protocol::Vertex if gemini(model) => Structured::Strict,
        // Its own mode must be switched on for an account: tools work everywhere.
        Protocol::Vertex if model.starts_with("claude-") => Structured::Tool,
        Protocol::Bedrock => bedrock(model),
        _ => Structured::Off,
    }
}

fn at(base_url: &str, model: &str) -> Structured {
    let host = base_url.split_once("://").map_or(base_url, |(_, rest)| rest);
    let host = host.split(['/', ':']).next().unwrap_or_default();
    let knows = match host {
        "api.openai.com" => openai(model),
        "api.mistral.ai" => true,
        "api.groq.com" => model.starts_with("openai/gpt-oss"),
        _ => false,
    };
    if knows { Structured::Strict } else { Structured::Off }
}

/// Of Anthropic's models those that Amazon lists: from generation 4.5. Others' modes differ from model to model.
fn bedrock(model: &str) -> Structured {
    // The name may begin with a region, or be an ARN.
    let Some((_, name)) = model.split_once("anthropic.") else { return Structured::Off };
    match claude(name) {
        Structured::Strict if name.starts_with("claude-opus-4-1") => Structured::Tool,
        mode => mode,
    }
}

/// Google's models since generation 2.5, which take JSON Schema as it is.
fn gemini(model: &str) -> bool {
    let generation = model.strip_prefix("gemini-").and_then(|rest| rest.split('-').next());
    generation.and_then(|number| number.parse::<f64>().ok()).is_some_and(|number| number >= 2.5)
}

/// OpenAI's models since August 2024, also tuned ones.
pub(super) fn openai(model: &str) -> bool {
    const SINCE: [&str; 8] =
        ["gpt-4o", "gpt-4.1", "gpt-4.5", "gpt-5", "o1", "o3", "o4", "chatgpt-4o"];
    const NOT: [&str; 4] = ["gpt-4o-2024-05-13", "o1-mini", "o1-preview", "chatgpt-4o"];
    let model = model.strip_prefix("ft:").unwrap_or(model);
    let special = ["audio", "realtime", "search", "transcribe", "tts"];
    SINCE.iter().any(|name| model.starts_with(name))
        && !NOT.iter().any(|name| model.starts_with(name))
        && !special.iter().any(|part| model.contains(part))
}

/// Anthropic's models: the mode came with generation 4.5 and Opus 4.1; tools with generation 3.
pub(super) fn claude(model: &str) -> Structured {
    let Some(rest) = model.strip_prefix("claude-") else { return Structured::Off };
    let mut parts = rest.split('-');
    let family = parts.next().unwrap_or_default();
    let short = |part: Option<&str>| part.filter(|part| part.len() <= 2)?.parse::<u32>().ok();
    if let Ok(generation) = family.parse::<f64>() {
        return if generation >= 3.0 { Structured::Tool } else { Structured::Off };
    }
    let Some(major) = short(parts.next()) else { return Structured::Off };
    let generation = major * 10 + short(parts.next()).unwrap_or(0);
    if generation >= 45 || (family == "opus" && generation >= 41) {
        Structured::Strict
    } else {
        Structured::Tool
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openais_models() {
        for known in
            ["gpt-4o-2024-08-06", "gpt-4o-mini", "gpt-5.1-nano", "o3-mini", "ft:gpt-4o-mini:x"]
        {
            assert!(openai(known), "{known}");
        }
        for unknown in
            ["gpt-4o-2024-05-13", "gpt-4-turbo", "gpt-3.5-turbo", "o1-mini", "gpt-4o-audio-preview"]
        {
            assert!(!openai(unknown), "{unknown}");
        }
    }

    #[test]
    fn anthropics_models() {
        for (model, mode) in [
            ("claude-haiku-4-5-20251001", Structured::Strict),
            ("claude-opus-4-1-20250805", Structured::Strict),
            ("claude-opus-4-7", Structured::Strict),
            ("claude-sonnet-5-20260801", Structured::Strict),
            ("claude-sonnet-4-20250514", Structured::Tool),
            ("claude-3-5-haiku-20241022", Structured::Tool),
            ("claude-2.1", Structured::Off),
            ("claude-instant-1.2", Structured::Off),
            ("mine", Structured::Off),
        ] {
            assert_eq!(claude(model), mode, "{model}");
        }
    }

    #[test]
    fn amazons_names_of_anthropics_models() {
        for (model, mode) in [
            ("anthropic.claude-haiku-4-5-20251001-v1:0", Structured::Strict),
            ("us.anthropic.claude-opus-4-6-v1", Structured::Strict),
            ("anthropic.claude-opus-4-1-20250805-v1:0", Structured::Tool),
            ("eu.anthropic.claude-sonnet-4-20250514-v1:0", Structured::Tool),
            ("anthropic.claude-3-haiku-20240307-v1:0", Structured::Tool),
            ("anthropic.claude-v2", Structured::Off),
            ("amazon.nova-pro-v1:0", Structured::Off),
        ] {
            assert_eq!(bedrock(model), mode, "{model}");
        }
    }

    #[test]
    fn googles_models() {
        assert!(gemini("gemini-2.5-flash") && gemini("gemini-3-pro-preview"));
        assert!(!gemini("gemini-2.0-flash") && !gemini("gemini-pro") && !gemini("gemma-3"));
    }

    #[test]
    fn addresses() {
        assert_eq!(at("https://api.openai.com/v1", "gpt-4o-mini"), Structured::Strict);
        assert_eq!(at("https://api.mistral.ai/v1", "mistral-small-2506"), Structured::Strict);
        assert_eq!(at("https://api.groq.com/openai/v1", "openai/gpt-oss-20b"), Structured::Strict);
        assert_eq!(
            at("https://api.groq.com/openai/v1", "llama-3.3-70b-versatile"),
            Structured::Off
        );
        assert_eq!(at("http://127.0.0.1:8000/v1", "gpt-4o-mini"), Structured::Off);
        assert_eq!(at("https://example.com/api.openai.com", "gpt-4o-mini"), Structured::Off);
    }
}
