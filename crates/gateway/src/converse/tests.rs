//! Conversations in memory: who may speak, what goes, and what is fetched.

use std::collections::BTreeMap;

use gatemark_core::conversation::{Said, Summarise};
use proptest::prelude::*;

use super::*;

fn key(id: &str) -> Key {
    Key {
        caller: "app".into(),
        prompt: "s/p".parse().unwrap(),
        environment: "production".parse().unwrap(),
        id: id.parse().unwrap(),
    }
}

fn keeps() -> Conversation {
    Conversation::default()
}

fn known(most: usize) -> Arc<Conversations> {
    let conversations = Arc::new(Conversations::bounded(most));
    conversations.begin(vec![]);
    conversations
}

fn say(conversations: &Arc<Conversations>, id: &str, text: &str) -> u64 {
    let (seat, _) = conversations.take(key(id), &keeps(), 0).unwrap();
    let number = seat.number();
    let messages = gatemark_provider::turns::asked(text);
    let talk = seat.turn(&format!("call-{number}"), 0, (messages, true));
    seat.keep(&talk, &BTreeMap::new());
    number
}

fn code(result: Result<(Seat, Past)>) -> String {
    result.err().map(|error| error.code().to_string()).unwrap_or_default()
}

#[test]
fn one_call_at_a_time_speaks() {
    let conversations = known(1 << 20);
    let (first, past) = conversations.take(key("a"), &keeps(), 0).unwrap();
    assert!(past.messages().unwrap().is_none());
    let refused = conversations.take(key("a"), &keeps(), 0);
    assert_eq!(code(refused), "conversation_busy");
    assert!(conversations.take(key("b"), &keeps(), 0).is_ok(), "another one is free");
    drop(first);
    assert_eq!(conversations.stats().held, 0, "nothing was said");
    assert_eq!(say(&conversations, "a", "one"), 1);
    assert_eq!(say(&conversations, "a", "two"), 2);
    let (_seat, past) = conversations.take(key("a"), &keeps(), 0).unwrap();
    let messages = past.messages().unwrap().unwrap();
    assert!(messages.get().contains("one") && messages.get().contains("two"));
    assert_eq!(conversations.stats().busy, 1);
}

#[test]
fn what_is_not_known_is_not_begun() {
    let conversations = Arc::new(Conversations::new());
    assert_eq!(code(conversations.take(key("a"), &keeps(), 0)), "conversation_loading");
    assert_eq!(conversations.wanted(), [key("a")]);
    conversations.fetched(key("a"), None);
    assert!(conversations.wanted().is_empty());
    assert_eq!(say(&conversations, "a", "x"), 1);
    conversations.begin(vec![key("b").digest()]);
    assert_eq!(code(conversations.take(key("b"), &keeps(), 0)), "conversation_loading");
    assert_eq!(say(&conversations, "c", "x"), 1, "new for certain");
}

#[test]
fn what_memory_lets_go_is_fetched() {
    let conversations = known(3 * FRAME);
    for id in ["a", "b", "c", "d"] {
        say(&conversations, id, "words");
    }
    let stats = conversations.stats();
    assert!(stats.bytes <= 3 * 1024 && stats.elsewhere > 0, "{stats:?}");
    assert_eq!(code(conversations.take(key("a"), &keeps(), 0)), "conversation_loading");
    let mut thread = Thread::begin("u");
    let (messages, opens) = ("[]".to_string(), true);
    let turn =
        gatemark_core::conversation::Turn { number: 1, call: "x".into(), at: 0, messages, opens };
    thread.add(Arc::new(turn), 100).unwrap();
    conversations.fetched(key("a"), Some(thread));
    assert_eq!(say(&conversations, "a", "more"), 2);
}

#[test]
fn what_others_changed_is_fetched_and_what_is_erased_is_gone() {
    let conversations = known(1 << 20);
    say(&conversations, "a", "words");
    let uid = |id: &str| {
        conversations.lock().held.get(&key(id).digest()).map(|held| held.thread.uid().to_string())
    };
    let a = uid("a").unwrap();
    conversations.changed(key("a").digest(), &a, 1);
    assert!(uid("a").is_some(), "it is our own turn");
    conversations.changed(key("a").digest(), &a, 2);
    assert_eq!(code(conversations.take(key("a"), &keeps(), 0)), "conversation_loading");
    say(&conversations, "b", "words");
    let (seat, _) = conversations.take(key("b"), &keeps(), 0).unwrap();
    conversations.forget(&key("b").digest(), &uid("b").unwrap());
    let talk = seat.turn("late", 0, ("[]".into(), true));
    seat.keep(&talk, &BTreeMap::new());
    assert_eq!(say(&conversations, "b", "anew"), 1, "a turn under way does not bring it back");
}

#[test]
fn one_that_is_over_begins_anew() {
    let conversations = known(1 << 20);
    let short = Conversation { ttl_ms: Some(1), ..keeps() };
    let (seat, _) = conversations.take(key("a"), &short, 0).unwrap();
    let talk = seat.turn("c", 0, (gatemark_provider::turns::asked("x"), true));
    seat.keep(&talk, &BTreeMap::new());
    let (seat, past) = conversations.take(key("a"), &short, 1_000).unwrap();
    assert_eq!((seat.number(), past.messages().unwrap().is_none()), (1, true));
    drop(seat);
    say(&conversations, "b", "x");
    conversations.expire(i64::MAX - 1);
    assert_eq!(conversations.stats().held, 0);
}

fn summarises() -> Conversation {
    let prompt = "s/sum".parse().unwrap();
    let summarise = Summarise { prompt, every_turns: Some(2), at_tokens: None };
    Conversation { keep_turns: Some(1), summarise: Some(summarise), ttl_ms: None }
}

#[test]
fn older_turns_are_put_together_and_failures_wait() {
    let conversations = known(1 << 20);
    for text in ["one", "two", "three"] {
        say(&conversations, "a", text);
    }
    let due = |now| conversations.due(|_| Some(summarises()), now, 10);
    let [first] = &due(0)[..] else { panic!("one is due") };
    assert!(due(0).is_empty(), "once at a time");
    conversations.failed(first, 0, "no");
    assert_eq!(conversations.waiting(), Some((1, "no".to_string())));
    assert!(due(FIRST_PAUSE - 1).is_empty());
    let [again] = &due(FIRST_PAUSE)[..] else { panic!("it is tried again") };
    let talk = again.summary("in short", ("call", 5), 7);
    let Said::Summary(summary) = &talk.said else { panic!("a summary") };
    assert_eq!((summary.from, summary.through, summary.version), (1, 2, 7));
    conversations.summarised(again, &talk);
    assert_eq!(conversations.waiting(), None);
    let (_seat, past) = conversations.take(key("a"), &summarises(), 0).unwrap();
    let messages = past.messages().unwrap().unwrap();
    let messages = messages.get();
    assert!(messages.contains("in short") && messages.contains("three"), "{messages}");
    assert!(!messages.contains("two"), "{messages}");
    let stats = conversations.stats();
    assert_eq!((past.summary(), stats.summaries, stats.failures), (Some(1), 1, 1));
}

const FIRST_PAUSE: i64 = 10_000_000;

proptest! {
    /// Whatever is said, let go, erased and fetched, the sizes that are told are those of what is there, and
    /// the bound is kept while nobody speaks.
    #[test]
    fn sizes_are_true(
        most in 1_000_usize..9_000,
        steps in prop::collection::vec((0_u8..5, 0_u8..6, 0_usize..900), 1..80),
    ) {
        let conversations = known(most);
        for (what, who, size) in steps {
            let id = format!("c{who}");
            match what {
                0..=2 => {
                    if let Ok((seat, _)) = conversations.take(key(&id), &keeps(), 0) {
                        let text = gatemark_provider::turns::asked(&"x".repeat(size));
                        let talk = seat.turn("c", 0, (text, true));
                        if what < 2 {
                            seat.keep(&talk, &BTreeMap::new());
                        }
                    }
                }
                3 => {
                    let held = conversations.lock().held.get(&key(&id).digest()).map(|held| held.thread.uid().to_string());
                    conversations.forget(&key(&id).digest(), &held.unwrap_or_default());
                }
                _ => {
                    for wanted in conversations.wanted() {
                        conversations.fetched(wanted, None);
                    }
                }
            }
            let inner = conversations.lock();
            let bytes: usize = inner.held.values().map(|held| held.bytes).sum();
            prop_assert_eq!(bytes, inner.bytes);
            prop_assert_eq!(inner.order.len(), inner.held.len());
            prop_assert!(inner.held.values().all(|held| inner.order.contains_key(&held.used)));
            prop_assert!(inner.held.values().all(|held| held.speaker.is_none() && held.thread.answered() > 0));
            prop_assert!(inner.bytes <= most);
            prop_assert!(inner.held.keys().all(|digest| !inner.elsewhere.contains(digest)));
        }
    }
}
