//! Forgetting conversations, because somebody asks for it or because their time is over.

use gatemark_core::Result;
use gatemark_core::call::CallRecord;

use crate::audit::{self, Event};
use crate::counter::{Counter, next};
use crate::sql::{Transaction, to_document, values};
use crate::store::Store;

/// How long the empty row of an erased conversation stays, in microseconds: a day.
const TRACE_US: i64 = 24 * 60 * 60 * 1_000_000;

/// Most conversations that end in one transaction.
const TOGETHER: u32 = 200;

impl Store {
    /// Erases a conversation: its turns and summaries, and the texts of the calls that made them where calls
    /// are recorded with texts. Returns whether it was there. What was spent stays.
    pub async fn erase_conversation(&self, uid: &str, actor: &str, now: i64) -> Result<bool> {
        let transaction = self.database().begin().await?;
        let sql = "SELECT uid FROM conversations WHERE uid = $1 AND erased_at IS NULL";
        if transaction.query_one(sql, values![uid]).await?.is_none() {
            return Ok(false);
        }
        erase_calls(&transaction, uid).await?;
        let seq = next(&transaction, Counter::Conversation).await?;
        empty(&transaction, uid, seq, now).await?;
        // The id is the caller's and may name a person: the log of changes is never erased.
        let detail = "turns, summaries and texts of calls".to_string();
        let event = Event { at: now, actor, action: "conversation.erase", subject: uid, detail };
        audit::record(&transaction, event).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Erases conversations whose time is over at `now`, and the traces of those erased long ago. Returns how
    /// many were over. Records of calls have their own time.
    pub async fn expire_conversations(&self, now: i64) -> Result<usize> {
        let sql = "SELECT uid FROM conversations WHERE erased_at IS NULL AND expires_at <= $1
                   ORDER BY expires_at LIMIT $2";
        let over = self.database().read(sql, values![now, TOGETHER]).await?;
        let traces = "SELECT uid FROM conversations WHERE erased_at <= $1 LIMIT 1";
        let long_ago = now.saturating_sub(TRACE_US);
        let old = self.database().read_one(traces, values![long_ago]).await?;
        if over.is_empty() && old.is_none() {
            return Ok(0);
        }
        let transaction = self.database().begin().await?;
        let seq = next(&transaction, Counter::Conversation).await?;
        for row in &over {
            empty(&transaction, row.text("uid")?, seq, now).await?;
        }
        let sql = "DELETE FROM conversations WHERE erased_at <= $1";
        transaction.execute(sql, values![long_ago]).await?;
        transaction.commit().await?;
        Ok(over.len())
    }
}

async fn empty(transaction: &Transaction, uid: &str, seq: i64, now: i64) -> Result<()> {
    for sql in [
        "DELETE FROM conversation_turns WHERE uid = $1",
        "DELETE FROM conversation_summaries WHERE uid = $1",
    ] {
        transaction.execute(sql, values![uid]).await?;
    }
    let sql = "UPDATE conversations SET caller = '', prompt = '', environment = '', id = '',
               seq = $2, erased_at = $3 WHERE uid = $1";
    transaction.execute(sql, values![uid, seq, now]).await?;
    Ok(())
}

/// Takes the texts out of the records of the calls that were its turns or wrote its summaries.
async fn erase_calls(transaction: &Transaction, uid: &str) -> Result<()> {
    let sql = "SELECT call FROM conversation_turns WHERE uid = $1";
    let mut calls: Vec<String> = vec![];
    for row in transaction.query(sql, values![uid]).await? {
        calls.push(row.text("call")?.to_string());
    }
    let sql = "SELECT document FROM conversation_summaries WHERE uid = $1";
    for row in transaction.query(sql, values![uid]).await? {
        let summary: gatemark_core::conversation::Summary = row.document("document")?;
        calls.push(summary.call);
    }
    for call in calls {
        let sql = "SELECT document FROM calls WHERE id = $1";
        let Some(row) = transaction.query_one(sql, values![call.as_str()]).await? else { continue };
        let record: CallRecord = row.document("document")?;
        let record = CallRecord { input: None, output: None, conversation: None, ..record };
        let sql = "UPDATE calls SET document = $2 WHERE id = $1";
        transaction.execute(sql, values![call.as_str(), to_document(&record)?]).await?;
    }
    Ok(())
}
