//! A conversation as people see it: its turns, its summaries, and what the next call would send.

use gatemark_core::call::Dropped;
use gatemark_core::conversation::{Conversation, Key, Summary, Thread, Turn};
use gatemark_core::error::Result;
use gatemark_store::call::CallFilter;
use gatemark_store::conversation::ConversationInfo;
use gatemark_text::tokens;
use serde::Serialize;
use serde_json::Value;

use crate::Control;
use crate::conversation::Meant;

/// A conversation without its texts.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ConversationView {
    /// Which beginning of it: an id that is used again after an erasure is another conversation.
    pub uid: String,
    /// The caller's name for it.
    pub id: String,
    /// Whose it is.
    pub caller: String,
    /// `service/name`.
    pub prompt: String,
    /// Where.
    pub environment: String,
    /// When its first call began, in microseconds since 1970.
    pub began_at: i64,
    /// When the call of its last turn began, in microseconds since 1970.
    pub last_at: i64,
    /// When it is forgotten unless another turn comes, in microseconds since 1970.
    pub expires_at: i64,
    /// Turns answered.
    pub turns: u64,
    /// Summaries written.
    pub summaries: u64,
}

impl From<ConversationInfo> for ConversationView {
    fn from(info: ConversationInfo) -> Self {
        let Key { caller, prompt, environment, id } = info.key;
        Self {
            uid: info.uid,
            id: id.to_string(),
            caller,
            prompt: prompt.to_string(),
            environment: environment.to_string(),
            began_at: info.began_at,
            last_at: info.last_at,
            expires_at: info.expires_at,
            turns: info.turns,
            summaries: info.summaries,
        }
    }
}

/// A turn.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct TurnView {
    /// From 1.
    pub number: u64,
    /// The call's id.
    pub call: String,
    /// When the call began, in microseconds since 1970.
    pub at: i64,
    /// Its messages in the words of chat completions.
    #[schema(value_type = Vec<Object>)]
    pub messages: Value,
    /// Tokens (o200k).
    pub tokens: u64,
    /// Whether the next call would send it as it was said.
    pub sent: bool,
    /// What its own call left out to fit the model's window.
    #[schema(value_type = Vec<Object>)]
    pub dropped: Vec<Dropped>,
}

/// A summary.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct SummaryView {
    /// From 1.
    pub number: u64,
    /// The first turn that it was made from.
    pub from: u64,
    /// The last turn that it covers.
    pub through: u64,
    /// Its text.
    pub text: String,
    /// Tokens (o200k).
    pub tokens: u64,
    /// The prompt that wrote it.
    pub prompt: String,
    /// That prompt's version.
    pub version: u32,
    /// The call that wrote it.
    pub call: String,
    /// When, in microseconds since 1970.
    pub at: i64,
    /// Whether the next call would send it.
    pub sent: bool,
}

/// What the next call would send before its own turn, before that is fitted into its model's window.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct NextView {
    /// The version by whose rules; `null` if none serves here that keeps conversations.
    pub version: Option<u32>,
    /// The number of the summary.
    pub summary: Option<u64>,
    /// The numbers of the turns.
    pub turns: Vec<u64>,
    /// Turns that neither are sent nor stand in the summary.
    pub left_out: u64,
    /// Tokens of summary and turns (o200k).
    pub tokens: u64,
}

/// A conversation with its texts.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ConversationTexts {
    /// What is known of it.
    #[serde(flatten)]
    pub conversation: ConversationView,
    /// Its turns, the first first.
    pub all_turns: Vec<TurnView>,
    /// Its summaries, the first first.
    pub all_summaries: Vec<SummaryView>,
    /// What the next call would send.
    pub next: NextView,
}

impl Control {
    /// A conversation with its texts and what the next call would send.
    ///
    /// # Errors
    /// As [`Control::conversation`].
    pub async fn conversation_texts(&self, meant: &Meant) -> Result<ConversationTexts> {
        let info = self.conversation(meant).await?;
        let (turns, summaries) = self.store().conversation_texts(&info.uid).await?;
        let next = self.next(&info, &turns, summaries.last());
        let mut all_turns = vec![];
        for turn in turns {
            let sent = next.turns.contains(&turn.number);
            let dropped = self.dropped_by(&turn.call).await?;
            all_turns.push(shown(turn, sent, dropped));
        }
        let all_summaries = summaries
            .into_iter()
            .map(|summary| SummaryView {
                number: summary.number,
                from: summary.from,
                through: summary.through,
                tokens: tokens::count(&summary.text) as u64,
                prompt: summary.prompt.to_string(),
                version: summary.version,
                call: summary.call,
                at: summary.at,
                sent: next.summary == Some(summary.number),
                text: summary.text,
            })
            .collect();
        Ok(ConversationTexts { conversation: info.into(), all_turns, all_summaries, next })
    }

    fn next(&self, info: &ConversationInfo, turns: &[Turn], summary: Option<&Summary>) -> NextView {
        let snapshot = self.gateway().snapshot();
        let pointer = snapshot
            .pointers(&info.key.prompt)
            .and_then(|pointers| pointers.get(&info.key.environment));
        let serving = pointer.map(|pointer| &pointer.current.version);
        let policy: Option<&Conversation> =
            serving.and_then(|version| version.content.conversation.as_ref());
        let covered = summary.map_or(0, |summary| summary.through);
        let behind: Vec<Turn> =
            turns.iter().filter(|turn| turn.number > covered).cloned().collect();
        let thread = Thread::resume(&info.uid, summary.cloned(), behind, info.expires_at).ok();
        let sent = thread.zip(policy).map(|(thread, policy)| thread.sent(policy));
        let sent = sent.unwrap_or_default();
        let texts = sent.turns.iter().map(|turn| turn.messages.as_str());
        let texts = texts.chain(sent.summary.iter().map(|summary| summary.text.as_str()));
        NextView {
            version: policy.and(serving).map(|version| version.number),
            summary: sent.summary.as_ref().map(|summary| summary.number),
            turns: sent.turns.iter().map(|turn| turn.number).collect(),
            left_out: sent.left_out,
            tokens: texts.map(|text| tokens::count(text) as u64).sum(),
        }
    }

    async fn dropped_by(&self, call: &str) -> Result<Vec<Dropped>> {
        let filter = CallFilter { id: Some(call.to_string()), limit: 1, ..CallFilter::default() };
        let found = self.store().calls(&filter).await?.pop();
        Ok(found.map(|record| record.dropped).unwrap_or_default())
    }
}

fn shown(turn: Turn, sent: bool, dropped: Vec<Dropped>) -> TurnView {
    TurnView {
        number: turn.number,
        call: turn.call,
        at: turn.at,
        tokens: tokens::count(&turn.messages) as u64,
        messages: serde_json::from_str(&turn.messages).unwrap_or_default(),
        sent,
        dropped,
    }
}
