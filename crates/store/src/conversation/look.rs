//! Reading conversations: for people, and for servers that begin or have let them go.

use gatemark_core::conversation::{ConversationId, Key, Summary, Turn};
use gatemark_core::{Digest, EnvironmentName, PromptName, Result};

use crate::sql::{Row, Value, values};
use crate::store::Store;

/// Which conversations; whatever is `None` does not narrow.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConversationFilter {
    /// Begun by this caller.
    pub caller: Option<String>,
    /// With this prompt.
    pub prompt: Option<PromptName>,
    /// In this environment.
    pub environment: Option<EnvironmentName>,
    /// Called this by its caller.
    pub id: Option<ConversationId>,
    /// At most this many.
    pub limit: u32,
}

/// What is known of a conversation without its texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationInfo {
    /// Which beginning of it.
    pub uid: String,
    /// Whose.
    pub key: Key,
    /// When its first call began, in microseconds since 1970.
    pub began_at: i64,
    /// When the call of its last turn began, in microseconds since 1970.
    pub last_at: i64,
    /// When it is forgotten, in microseconds since 1970.
    pub expires_at: i64,
    /// Turns answered.
    pub turns: u64,
    /// Summaries written.
    pub summaries: u64,
}

/// What a server needs to go on with a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tail {
    /// What is known of it.
    pub info: ConversationInfo,
    /// The newest summary.
    pub summary: Option<Summary>,
    /// The turns behind what it covers, oldest first.
    pub turns: Vec<Turn>,
}

/// A conversation that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Grows with every change.
    pub seq: i64,
    /// Of its key.
    pub digest: Digest,
    /// Which beginning of it.
    pub uid: String,
    /// Turns answered.
    pub turns: u64,
    /// Whether it was erased.
    pub erased: bool,
}

const COLUMNS: &str =
    "uid, caller, prompt, environment, id, began_at, last_at, expires_at, turns, summaries";

impl Store {
    /// Conversations that are not over at `now`, the one with the newest turn first.
    pub async fn conversations(
        &self,
        filter: &ConversationFilter,
        now: i64,
    ) -> Result<Vec<ConversationInfo>> {
        let mut sql = format!(
            "SELECT {COLUMNS} FROM conversations WHERE erased_at IS NULL AND expires_at > $1"
        );
        let mut values = values![now];
        let asked: [(&str, Value); 4] = [
            ("caller", filter.caller.as_deref().into()),
            ("prompt", filter.prompt.as_ref().into()),
            ("environment", filter.environment.as_ref().into()),
            ("id", filter.id.as_ref().map(ConversationId::as_str).into()),
        ];
        for (column, value) in asked.into_iter().filter(|(_, value)| *value != Value::Null) {
            values.push(value);
            sql.push_str(&format!(" AND {column} = ${}", values.len()));
        }
        values.push(filter.limit.into());
        sql.push_str(&format!(" ORDER BY last_at DESC, uid DESC LIMIT ${}", values.len()));
        self.database().read(&sql, values).await?.iter().map(info).collect()
    }

    /// All that is kept of a conversation: its turns and its summaries, each from the first.
    pub async fn conversation_texts(&self, uid: &str) -> Result<(Vec<Turn>, Vec<Summary>)> {
        Ok((self.turns_behind(uid, 0).await?, self.summaries(uid).await?))
    }

    /// What a server needs to go on with the conversation of this key, if there is one at `now`.
    pub async fn conversation_tail(&self, key: &Digest, now: i64) -> Result<Option<Tail>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM conversations
             WHERE digest = $1 AND erased_at IS NULL AND expires_at > $2
             ORDER BY began_at DESC, uid DESC LIMIT 1"
        );
        let Some(row) = self.database().read_one(&sql, values![key, now]).await? else {
            return Ok(None);
        };
        self.tail(info(&row)?).await.map(Some)
    }

    /// The same for the conversations with the newest turns.
    pub async fn newest_conversations(&self, limit: u32, now: i64) -> Result<Vec<Tail>> {
        let filter = ConversationFilter { limit, ..ConversationFilter::default() };
        let mut tails = vec![];
        for info in self.conversations(&filter, now).await? {
            tails.push(self.tail(info).await?);
        }
        Ok(tails)
    }

    async fn tail(&self, info: ConversationInfo) -> Result<Tail> {
        let summary = self.summaries(&info.uid).await?.pop();
        let covered = summary.as_ref().map_or(0, |summary| summary.through);
        let turns = self.turns_behind(&info.uid, covered).await?;
        Ok(Tail { info, summary, turns })
    }

    /// Conversations that changed after `seq`, the first change first, at most `limit`.
    pub async fn changed_conversations(&self, seq: i64, limit: u32) -> Result<Vec<Changed>> {
        let sql = "SELECT seq, digest, uid, turns, erased_at FROM conversations WHERE seq > $1
                   ORDER BY seq, uid LIMIT $2";
        let rows = self.database().read(sql, values![seq, limit]).await?;
        rows.iter().map(changed).collect()
    }

    /// The number of the newest change.
    pub async fn conversations_seq(&self) -> Result<i64> {
        let sql = "SELECT COALESCE(MAX(seq), 0) AS seq FROM conversations";
        let row = self.database().read_one(sql, vec![]).await?;
        row.map_or(Ok(0), |row| row.integer("seq"))
    }

    /// The keys of all conversations that are not over at `now`.
    pub async fn conversation_keys(&self, now: i64) -> Result<Vec<Digest>> {
        let sql = "SELECT DISTINCT digest FROM conversations
                   WHERE erased_at IS NULL AND expires_at > $1";
        let rows = self.database().read(sql, values![now]).await?;
        rows.iter().map(|row| row.parsed("digest")).collect()
    }

    async fn turns_behind(&self, uid: &str, number: u64) -> Result<Vec<Turn>> {
        let sql = "SELECT number, call, at, opens, messages FROM conversation_turns
                   WHERE uid = $1 AND number > $2 ORDER BY number";
        let behind = i64::try_from(number).unwrap_or(i64::MAX);
        let rows = self.database().read(sql, values![uid, behind]).await?;
        rows.iter().map(turn).collect()
    }

    async fn summaries(&self, uid: &str) -> Result<Vec<Summary>> {
        let sql = "SELECT document FROM conversation_summaries WHERE uid = $1 ORDER BY number";
        let rows = self.database().read(sql, values![uid]).await?;
        rows.iter().map(|row| row.document("document")).collect()
    }
}

fn info(row: &Row) -> Result<ConversationInfo> {
    let key = Key {
        caller: row.text("caller")?.into(),
        prompt: row.parsed("prompt")?,
        environment: row.parsed("environment")?,
        id: row.parsed("id")?,
    };
    Ok(ConversationInfo {
        uid: row.text("uid")?.into(),
        key,
        began_at: row.integer("began_at")?,
        last_at: row.integer("last_at")?,
        expires_at: row.integer("expires_at")?,
        turns: row.count("turns")?,
        summaries: row.count("summaries")?,
    })
}

fn turn(row: &Row) -> Result<Turn> {
    Ok(Turn {
        number: row.count("number")?,
        call: row.text("call")?.into(),
        at: row.integer("at")?,
        messages: row.text("messages")?.into(),
        opens: row.integer("opens")? != 0,
    })
}

fn changed(row: &Row) -> Result<Changed> {
    Ok(Changed {
        seq: row.integer("seq")?,
        digest: row.parsed("digest")?,
        uid: row.text("uid")?.into(),
        turns: row.count("turns")?,
        erased: row.optional_integer("erased_at")?.is_some(),
    })
}
