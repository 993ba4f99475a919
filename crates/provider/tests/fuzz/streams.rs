//! Streams of every vendor, cut into arbitrary pieces.

use std::collections::VecDeque;
use std::fmt::Write as _;

use super::drive::Dice;
use super::framing::{Cutter, cut};
use super::{class, fixtures, said, target};
use crate::answer::Chunk;
use crate::chunks::{Progress, Reader};
use crate::unreadable::Unreadable;
use crate::{amazon, anthropic, azure, bedrock, gemini, openai, sse};

/// How a stream ended.
#[derive(Debug, PartialEq)]
enum End {
    Complete,
    Cut,
    Odd(String),
}

/// The reading of [`crate::chunks`] without a connection.
fn read<R: Reader + Default>(cutter: impl Cutter, pieces: &[&[u8]]) -> (Vec<Chunk>, End) {
    let (events, failed) = cut(cutter, pieces);
    let (mut reader, mut out) = (R::default(), VecDeque::new());
    for event in &events {
        let before = out.len();
        let end = match reader.read(event, &mut out) {
            Ok(Progress::Running) => {
                assert!(out.len() <= before + event.data.len() + 1, "pieces out of nothing");
                continue;
            }
            Ok(Progress::Complete) => End::Complete,
            Ok(Progress::Cut) => End::Cut,
            Err(Unreadable::Odd(why)) => End::Odd(why),
            Err(Unreadable::Says(said)) => End::Odd(said.get().into()),
        };
        return (out.into(), end);
    }
    let end = match failed {
        Some(why) => End::Odd(why),
        None if reader.may_end() => {
            reader.end(&mut out);
            End::Complete
        }
        None => End::Cut,
    };
    (out.into(), end)
}

/// Reads `bytes` whole and in pieces, and looks at both.
fn judge<R: Reader + Default, C: Cutter>(cutter: impl Fn() -> C, bytes: &[u8]) -> String {
    let (chunks, end) = read::<R>(cutter(), &[bytes]);
    let pieces = Dice::of(bytes).pieces(bytes);
    let again = read::<R>(cutter(), &pieces);
    assert_eq!(format!("{again:?}"), format!("{:?}", (&chunks, &end)), "the cutting matters");
    said::stream(&chunks, bytes.len(), end == End::Complete);
    let mut outcome = format!("{} ", chunks.len().min(12));
    for chunk in chunks.iter().filter_map(|chunk| chunk.finish.as_ref()).take(2) {
        let _ = write!(outcome, "{} ", chunk.word());
    }
    let end = if let End::Odd(why) = &end { class(why) } else { format!("{end:?}") };
    outcome + &end
}

fn run<R: Reader + Default>(name: &str, vendors: &[&str], words: &[&str]) {
    let seeds = vendors.iter().flat_map(|vendor| fixtures(vendor, ".sse")).collect();
    target(name, seeds, words).run(|bytes| judge::<R, _>(sse::Decoder::new, bytes));
}

const CHAT: [&str; 8] = [
    "data: [DONE]\n\n",
    "data: {\"choices\":[]}\n\n",
    "\"finish_reason\":\"stop\"",
    "\"content\":\"x\"",
    "\"delta\":{}",
    "\"x_groq\":{\"usage\":{}}",
    "\"usage\":",
    "data: {\"error\":{\"message\":\"no\"}}\n\n",
];

#[test]
fn of_chat_completions() {
    run::<openai::stream::Reading>("chat_stream", &["openai", "llamacpp"], &CHAT);
}

#[test]
fn of_azure() {
    let words =
        [&CHAT[..], &["\"prompt_filter_results\":[]", "\"content_filter_offsets\":{}"]].concat();
    run::<azure::Reading>("azure_stream", &["azure"], &words);
}

#[test]
fn of_responses() {
    let words = [
        "event: response.completed\n",
        "\"type\":\"response.output_text.delta\"",
        "\"delta\":\"x\"",
        "\"response\":{}",
        "\"output_index\":",
        "\"type\":\"error\"",
        "\"type\":\"response.failed\"",
        "\"item\":{\"type\":\"function_call\"}",
    ];
    run::<openai::responses::stream::Reading>("responses_stream", &["responses"], &words);
}

#[test]
fn of_anthropic() {
    let words = [
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
        "\"type\":\"content_block_start\"",
        "\"index\":",
        "\"type\":\"input_json_delta\",\"partial_json\":\"{\"",
        "\"type\":\"ping\"",
        "\"type\":\"tool_use\"",
        "\"type\":\"message_delta\"",
        "\"usage\":{\"output_tokens\":-1}",
        "\"type\":\"error\"",
    ];
    run::<anthropic::stream::Reading>("anthropic_stream", &["anthropic"], &words);
}

#[test]
fn of_gemini() {
    let words = [
        "\"finishReason\":\"STOP\"",
        "\"parts\":[{\"text\":\"x\"}]",
        "\"functionCall\":{\"name\":\"f\",\"args\":{}}",
        "\"thought\":true",
        "\"candidates\":[]",
        "\"promptFeedback\":{\"blockReason\":\"SAFETY\"}",
        "data: {}\n\n",
    ];
    run::<gemini::stream::Reading>("gemini_stream", &["gemini"], &words);
}

/// Streams of Bedrock before they are framed: an event's name and its payload on each line.
pub(super) const BEDROCK: [&str; 3] = [
    "messageStart {\"role\":\"assistant\"}\n\
     contentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"reasoningContent\":{\"text\":\"hm\"}}}\n\
     contentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"text\":\"Gr\u{fc}\u{df}e\"}}\n\
     contentBlockStop {\"contentBlockIndex\":0}\n\
     messageStop {\"stopReason\":\"end_turn\"}\n\
     metadata {\"usage\":{\"inputTokens\":25,\"outputTokens\":15,\"cacheReadInputTokens\":1000}}\n",
    "messageStart {\"role\":\"assistant\"}\n\
     contentBlockStart {\"contentBlockIndex\":0,\"start\":{\"toolUse\":{\"toolUseId\":\"t1\",\"name\":\"f\"}}}\n\
     contentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"toolUse\":{\"input\":\"{\\\"a\\\":1}\"}}}\n\
     contentBlockStop {\"contentBlockIndex\":0}\n\
     contentBlockStart {\"contentBlockIndex\":1,\"start\":{\"toolUse\":{\"toolUseId\":\"t2\",\"name\":\"g\"}}}\n\
     contentBlockStop {\"contentBlockIndex\":1}\n\
     messageStop {\"stopReason\":\"tool_use\"}\n\
     metadata {\"usage\":{\"inputTokens\":1,\"outputTokens\":2}}\n",
    "messageStart {}\n!throttlingException {\"message\":\"slow down\"}\n",
];

/// The frames of such lines; a name that begins with `!` is that of an exception.
pub(super) fn frames(lines: &[u8]) -> Vec<u8> {
    use aws_smithy_eventstream::frame::write_message_to;
    use aws_smithy_types::event_stream::{Header, HeaderValue, Message};

    let mut bytes = vec![];
    for line in lines.split(|c| *c == b'\n').filter(|line| !line.is_empty()) {
        let mut parts = line.splitn(2, |c| *c == b' ');
        let name = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
        let text = |text: &str| HeaderValue::String(text.to_owned().into());
        let (kind, key, name) = match name.strip_prefix('!') {
            Some(name) => ("exception", ":exception-type", name),
            None => ("event", ":event-type", name.as_str()),
        };
        let headers = vec![Header::new(":message-type", text(kind)), Header::new(key, text(name))];
        let payload = parts.next().unwrap_or_default().to_vec();
        if let Err(cause) = write_message_to(&Message::new_from_parts(headers, payload), &mut bytes)
        {
            // A name that is too long for a header: nobody can send it.
            assert!(name.len() > 1000, "{cause}");
        }
    }
    bytes
}

#[test]
fn of_bedrock() {
    let words = [
        "metadata {}\n",
        "messageStop {\"stopReason\":\"x\"}\n",
        "contentBlockStart ",
        "\n!validationException {}\n",
        "\"contentBlockIndex\":1",
        "\"delta\":{\"text\":\"x\"}",
        "\"toolUse\":{\"input\":\"{\"}",
        "\"usage\":{}",
    ];
    let seeds = BEDROCK.iter().map(|text| text.as_bytes().to_vec()).collect();
    target("bedrock_stream", seeds, &words).run(|lines| {
        judge::<bedrock::stream::Reading, _>(amazon::Decoder::default, &frames(lines))
    });
}
