//! Whether the answer to a request may stand for the answer to the next one like it: a question about what
//! the fields of all dialects mean.

use serde_json::value::RawValue;

use crate::request::ChatRequest;

/// Fields that add nothing to an answer which its neutral form does not hold.
const PLAIN: [&str; 22] = [
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "stop",
    "stop_sequences",
    "seed",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "user",
    "metadata",
    "system",
    "instructions",
    "stream_options",
];

/// Fields by which a vendor keeps something or goes on with what it kept: such a call does more than answer.
const STATEFUL: [&str; 4] = ["store", "background", "previous_response_id", "conversation"];

/// Whether the call does more at the vendor than give an answer.
pub fn is_stateful(request: &ChatRequest) -> bool {
    STATEFUL.iter().any(|name| request.field(name).is_some_and(|value| value.get() != "false"))
}

/// Whether the neutral form holds everything that an answer may say. With a field that we do not know it may
/// not: then only the vendor's own bytes are the answer.
pub fn is_plain(request: &ChatRequest) -> bool {
    let plain = |name: &str, value: &RawValue| {
        PLAIN.contains(&name)
            || value.get() == "null"
            || (name == "n" && value.get() == "1")
            || (name == "logprobs" && value.get() == "false")
            || (STATEFUL.contains(&name) && value.get() == "false")
    };
    request.fields.iter().all(|(name, value)| plain(name, value))
}

/// Whether the caller asks for the same answer every time: temperature 0, or a seed.
pub fn is_deterministic(request: &ChatRequest) -> bool {
    let zero = |value: &RawValue| value.get().parse::<f64>().is_ok_and(|number| number == 0.0);
    request.field("temperature").is_some_and(zero) || request.field("seed").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(name: &str, value: &str) -> ChatRequest {
        let value = RawValue::from_string(value.into()).unwrap();
        ChatRequest { fields: vec![(name.into(), value)], ..ChatRequest::default() }
    }

    #[test]
    fn fields_that_may_say_more() {
        for (name, value) in
            [("temperature", "0"), ("n", "1"), ("logprobs", "false"), ("x", "null")]
        {
            assert!(is_plain(&request(name, value)), "{name}");
        }
        for (name, value) in [("n", "2"), ("logprobs", "true"), ("thinking", "{}"), ("new", "1")] {
            assert!(!is_plain(&request(name, value)), "{name}");
        }
    }

    #[test]
    fn fields_that_vendors_remember() {
        for (name, value) in [("store", "true"), ("previous_response_id", "\"x\"")] {
            assert!(is_stateful(&request(name, value)), "{name}");
        }
        assert!(!is_stateful(&request("store", "false")));
        assert!(!is_stateful(&request("background", "null")));
    }

    #[test]
    fn determinism_is_asked_for() {
        assert!(is_deterministic(&request("temperature", "0.0")));
        assert!(is_deterministic(&request("seed", "7")));
        assert!(!is_deterministic(&request("temperature", "0.2")));
        assert!(!is_deterministic(&ChatRequest::default()));
    }
}
