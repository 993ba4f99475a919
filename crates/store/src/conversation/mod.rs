//! Conversations: filed out of the records of their calls, looked at, and erased.
//!
//! Turns come in the transaction that stores their calls' records, so there is never one without the other,
//! and shipping a record twice changes nothing. An erased conversation keeps its row for a day, without
//! anything of the caller's in it: what comes late for it is not kept, and servers learn that it is gone.

mod erase;
mod look;

use gatemark_core::Result;
use gatemark_core::conversation::{Said, Summary, Talk, Turn};

pub use look::{Changed, ConversationFilter, ConversationInfo, Tail};

use crate::counter::{Counter, next};
use crate::sql::{Transaction, to_document, values};

/// Files what conversations gained; what is filed already, and what was erased, is passed over.
pub(crate) async fn enter(transaction: &Transaction, talks: Vec<Talk>) -> Result<()> {
    if talks.is_empty() {
        return Ok(());
    }
    let seq = next(transaction, Counter::Conversation).await?;
    for talk in talks {
        if is_erased(transaction, &talk.uid).await? {
            continue;
        }
        let (at, turns, summaries) = match &talk.said {
            Said::Turn(turn) => (turn.at, turn.number, 0),
            Said::Summary(summary) => (summary.at, 0, summary.number),
        };
        let sql =
            "INSERT INTO conversations (uid, digest, caller, prompt, environment, id, began_at,
                       last_at, expires_at, turns, summaries, seq)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10, $11)
                   ON CONFLICT (uid) DO UPDATE SET
                       last_at = CASE WHEN conversations.turns < excluded.turns
                           THEN excluded.last_at ELSE conversations.last_at END,
                       expires_at = CASE WHEN conversations.turns < excluded.turns
                           THEN excluded.expires_at ELSE conversations.expires_at END,
                       turns = CASE WHEN conversations.turns < excluded.turns
                           THEN excluded.turns ELSE conversations.turns END,
                       summaries = CASE WHEN conversations.summaries < excluded.summaries
                           THEN excluded.summaries ELSE conversations.summaries END,
                       seq = excluded.seq";
        let key = &talk.key;
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let row = values![
            talk.uid.as_str(),
            &key.digest(),
            key.caller.as_str(),
            &key.prompt,
            &key.environment,
            key.id.as_str(),
            at,
            talk.expires_at,
            count(turns),
            count(summaries),
            seq,
        ];
        transaction.execute(sql, row).await?;
        match &talk.said {
            Said::Turn(turn) => add_turn(transaction, &talk.uid, turn).await?,
            Said::Summary(summary) => add_summary(transaction, &talk.uid, summary).await?,
        }
    }
    Ok(())
}

async fn is_erased(transaction: &Transaction, uid: &str) -> Result<bool> {
    let sql = "SELECT uid FROM conversations WHERE uid = $1 AND erased_at IS NOT NULL";
    Ok(transaction.query_one(sql, values![uid]).await?.is_some())
}

async fn add_turn(transaction: &Transaction, uid: &str, turn: &Turn) -> Result<()> {
    let sql = "INSERT INTO conversation_turns (uid, number, call, at, opens, messages)
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (uid, number) DO NOTHING";
    let number = i64::try_from(turn.number).unwrap_or(i64::MAX);
    let Turn { call, at, opens, messages, .. } = turn;
    let row = values![uid, number, call.as_str(), *at, i64::from(*opens), messages.as_str()];
    if transaction.execute(sql, row).await? == 0 {
        let sql = "SELECT call FROM conversation_turns WHERE uid = $1 AND number = $2";
        let known = transaction.query_one(sql, values![uid, number]).await?;
        let same = known.is_some_and(|row| row.text("call").is_ok_and(|known| known == call));
        if !same {
            tracing::error!(
                call,
                turn = number,
                "another process answered this turn of the conversation: this one is not kept"
            );
        }
    }
    Ok(())
}

async fn add_summary(transaction: &Transaction, uid: &str, summary: &Summary) -> Result<()> {
    let sql = "INSERT INTO conversation_summaries (uid, number, document) VALUES ($1, $2, $3)
               ON CONFLICT (uid, number) DO NOTHING";
    let number = i64::try_from(summary.number).unwrap_or(i64::MAX);
    transaction.execute(sql, values![uid, number, to_document(summary)?]).await?;
    Ok(())
}
