//! Which models are of one family.
//!
//! Models tend to prefer answers of their own kind, so a judge of the judged model's family is warned of.
//! A family here is a maker's line (all of `gpt-…`, all of `claude-…`), whoever serves it, and so wider
//! than the family that semantic versions go by.

use gatemark_core::id::ModelName;

/// Whether the two models are of one family: that of `openai/gpt-4o-mini` and `router/openai/gpt-4o`.
pub fn are_kin(one: &ModelName, other: &ModelName) -> bool {
    family(one) == family(other)
}

/// The letters that the model's own name begins with.
fn family(model: &ModelName) -> String {
    let id = model.vendor_id().rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let word: String = id.chars().take_while(char::is_ascii_alphabetic).collect();
    match word.as_str() {
        // OpenAI's reasoning models carry a digit in place of a family's name.
        "o" | "chatgpt" => "gpt".to_string(),
        "" => id,
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_lines_of_a_maker() {
        let kin = |one: &str, other: &str| are_kin(&one.parse().unwrap(), &other.parse().unwrap());
        assert!(kin("openai/gpt-4o-2024-08-06", "router/openai/gpt-4o-mini"));
        assert!(kin("openai/o3-mini", "openai/gpt-5"));
        assert!(kin("anthropic/claude-haiku-4-5-20251001", "anthropic/claude-sonnet-4-5"));
        assert!(!kin("anthropic/claude-haiku-4-5-20251001", "openai/gpt-4o"));
        assert!(!kin("local/llama-3", "local/qwen-14"));
    }
}
