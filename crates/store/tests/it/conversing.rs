//! Conversations: filed with their calls, found, and erased for good.

use gatemark_core::call::CallRecord;
use gatemark_core::conversation::{Key, Said, Summary, Talk, Turn};
use gatemark_store::CallFilter;
use gatemark_store::conversation::ConversationFilter;

use crate::fixture::{call, environment, prompt, store};
use crate::scratch::Scratch;

const NOW: i64 = 1_000;

fn key(id: &str) -> Key {
    Key {
        caller: "app".into(),
        prompt: prompt("a/b"),
        environment: environment("production"),
        id: id.parse().unwrap(),
    }
}

fn turn(number: u64) -> Said {
    let messages = format!(r#"[{{"role":"user","content":"secret {number}"}}]"#);
    let at = i64::try_from(number).unwrap();
    Said::Turn(Turn { number, call: format!("c{number}"), at, messages, opens: true })
}

fn summary(number: u64, through: u64) -> Said {
    Said::Summary(Summary {
        number,
        from: 1,
        through,
        text: "in short".into(),
        prompt: prompt("a/sum"),
        version: 3,
        call: "s".into(),
        at: 9,
    })
}

fn record(id: &str, uid: &str, said: Said) -> CallRecord {
    let talk = Talk { uid: uid.into(), key: key("one"), expires_at: 5_000, said };
    let output = Some("secret answer".to_string());
    CallRecord { talk: Some(Box::new(talk)), output, ..call(id, 1) }
}

#[tokio::test]
async fn what_calls_gained_is_filed_once_and_not_with_the_records() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    let records = [
        record("c1", "u", turn(1)),
        record("c2", "u", turn(2)),
        record("s", "u", summary(1, 1)),
        record("c3", "u", turn(3)),
    ];
    for _ in 0..2 {
        store.insert_calls(&records).await.unwrap();
    }
    let calls = store.calls(&CallFilter::default()).await.unwrap();
    assert_eq!(calls.len(), 4);
    assert!(calls.iter().all(|call| call.talk.is_none()));
    let tail = store.conversation_tail(&key("one").digest(), NOW).await.unwrap().unwrap();
    assert_eq!((tail.info.turns, tail.info.summaries, tail.info.last_at), (3, 1, 3));
    assert_eq!(tail.turns.iter().map(|turn| turn.number).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(tail.summary.unwrap().version, 3);
    let (turns, summaries) = store.conversation_texts("u").await.unwrap();
    assert_eq!((turns.len(), summaries.len()), (3, 1), "what is summarised is kept");
    assert!(store.conversation_tail(&key("two").digest(), NOW).await.unwrap().is_none());
    assert!(store.conversation_tail(&key("one").digest(), 5_000).await.unwrap().is_none(), "over");
}

#[tokio::test]
async fn what_is_erased_stays_erased() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    store.insert_calls(&[record("c1", "u", turn(1))]).await.unwrap();
    let seq = store.conversations_seq().await.unwrap();
    assert!(store.erase_conversation("u", "someone", NOW).await.unwrap());
    assert!(!store.erase_conversation("u", "someone", NOW).await.unwrap());
    store.insert_calls(&[record("c2", "u", turn(2))]).await.unwrap();
    let all = ConversationFilter { limit: 10, ..ConversationFilter::default() };
    assert!(store.conversations(&all, NOW).await.unwrap().is_empty());
    assert_eq!(store.conversation_texts("u").await.unwrap(), (vec![], vec![]));
    let calls = store.calls(&CallFilter { id: Some("c1".into()), ..Default::default() }).await;
    assert_eq!(calls.unwrap()[0].output, None, "the texts of its calls go too");
    let changed = store.changed_conversations(seq, 10).await.unwrap();
    assert!(changed.len() == 1 && changed[0].erased && changed[0].digest == key("one").digest());
    let audit = store.audit(10).await.unwrap();
    assert_eq!(audit[0].action, "conversation.erase");
}

#[tokio::test]
async fn conversations_end() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    store.insert_calls(&[record("c1", "u", turn(1))]).await.unwrap();
    assert_eq!(store.expire_conversations(4_999).await.unwrap(), 0);
    assert_eq!(store.conversation_keys(4_999).await.unwrap(), [key("one").digest()]);
    assert_eq!(store.expire_conversations(5_000).await.unwrap(), 1);
    assert_eq!(store.conversation_texts("u").await.unwrap(), (vec![], vec![]));
    assert!(store.conversation_keys(0).await.unwrap().is_empty());
    let day = 24 * 60 * 60 * 1_000_000;
    store.expire_conversations(5_000 + day).await.unwrap();
    assert!(store.changed_conversations(0, 10).await.unwrap().is_empty(), "no trace is left");
}
