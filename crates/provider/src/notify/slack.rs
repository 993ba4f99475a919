//! Slack's incoming webhooks, which Mattermost, Rocket.Chat and others take too: one text.

use gatemark_core::alert::Message;
use serde_json::{Value, json};

use super::words::{cut, lines, title};

/// Slack cuts texts after 40,000 characters and wants them far shorter.
const LONGEST: usize = 4_000;

/// The body of `message`.
pub(super) fn body(message: &Message) -> Value {
    let parts = message.notices.iter().map(|notice| {
        let lines: Vec<String> = lines(notice).iter().map(|line| escaped(line)).collect();
        format!("*{}*\n{}", escaped(&title(notice)), lines.join("\n"))
    });
    json!({"text": cut(&parts.collect::<Vec<_>>().join("\n\n"), LONGEST)})
}

/// The three characters by which texts link, mention and notify.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
