//! What was done, by whom: one line for every change of state, each bound to the one before.
//!
//! An entry's hash is over the hash before it and its own content, so that changing, taking out or slipping in
//! an entry breaks every hash that follows. Whoever can write to the database can also compute a whole new chain;
//! against that helps only a hash that was kept elsewhere ([`Verifier::new`]'s `expect`).
//!
//! The hash is `SHA-256(previous "\n" entry)`: `previous` the 64 digits of the hash before (of the text
//! `gatemark audit chain 1` for the first entry), `entry` the compact JSON array of id, time, actor, action,
//! subject and detail. Anybody can check it with a few lines in any language.

use serde::{Deserialize, Serialize};

use crate::id::Digest;

/// One entry of the append-only audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Increases by one with every entry.
    pub id: i64,
    /// When, in microseconds since 1970.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// What, as a verb: `push`, `approve`, `deploy`, `rollback`, `stop`, `key.create`, …
    pub action: String,
    /// On what, e.g. a prompt's name.
    pub subject: String,
    /// The rest, in words.
    pub detail: String,
    /// Of this entry and all before it; absent only from what was not written by this program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<Digest>,
}

/// What stands in the place of a hash before the first entry.
pub fn genesis() -> Digest {
    Digest::of(b"gatemark audit chain 1")
}

/// The hash of `entry`, whose own `hash` is not looked at, after an entry with the hash `previous`.
pub fn link(previous: &Digest, entry: &AuditEntry) -> Digest {
    let AuditEntry { id, at, actor, action, subject, detail, hash: _ } = entry;
    let content = serde_json::json!([id, at, actor, action, subject, detail]);
    Digest::of(format!("{previous}\n{content}").as_bytes())
}

/// In which way the log is not as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Flaw {
    /// The entry, or its hash, is not what was written, or what stands before it is not.
    Changed,
    /// An entry that there was is not there.
    Missing,
    /// There is an entry that was not written by this program.
    Inserted,
    /// The hash that was kept elsewhere is none of the log's: what it stood for was cut off or replaced.
    Unexpected,
}

/// The first place where the log is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// The entry's id; of the last one where the hash kept elsewhere is not found.
    pub id: i64,
    /// In which way.
    pub flaw: Flaw,
    /// The same in words.
    pub why: String,
}

/// The end of the log: what to keep elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The newest entry's id; 0 of an empty log.
    pub id: i64,
    /// Its hash.
    pub hash: Digest,
}

/// Goes through the log from its first entry to its last.
#[derive(Debug)]
pub struct Verifier {
    head: Head,
    last: i64,
    expect: Option<Digest>,
}

impl Verifier {
    /// For a log of which `last` ids were given out before it was read. `expect` is a hash that was kept
    /// elsewhere and has to be among its entries'.
    pub fn new(last: i64, expect: Option<Digest>) -> Self {
        let head = Head { id: 0, hash: genesis() };
        Self { expect: expect.filter(|hash| *hash != head.hash), head, last }
    }

    /// The id after which entries are still to be given.
    pub fn position(&self) -> i64 {
        self.head.id
    }

    /// Takes the next entry by id.
    ///
    /// # Errors
    /// What is wrong at this place; the rest of the log can say nothing any more.
    pub fn add(&mut self, entry: &AuditEntry) -> Result<(), Broken> {
        let AuditEntry { id, .. } = *entry;
        let wanted = self.head.id + 1;
        let broken = |id, flaw, why: String| Err(Broken { id, flaw, why });
        if id < wanted {
            return broken(
                id,
                Flaw::Inserted,
                format!("there is an entry {id}, an id never given"),
            );
        }
        if id > wanted {
            let why = format!("entry {wanted} is not there: after {} comes {id}", self.head.id);
            return broken(wanted, Flaw::Missing, why);
        }
        let Some(hash) = entry.hash else {
            return broken(id, Flaw::Inserted, format!("entry {id} has no hash"));
        };
        if hash != link(&self.head.hash, entry) {
            let (flaw, what) = if id > self.last {
                (Flaw::Inserted, "was not written by gatemark")
            } else {
                (Flaw::Changed, "is not what its hash says")
            };
            let AuditEntry { action, subject, .. } = entry;
            return broken(id, flaw, format!("entry {id} ({action} {subject}) {what}"));
        }
        self.head = Head { id, hash };
        self.expect = self.expect.filter(|expected| *expected != hash);
        Ok(())
    }

    /// The end of a log that is whole. `last` ids had been given out when all of it was read.
    ///
    /// # Errors
    /// What is wrong at its end.
    pub fn end(self, last: i64) -> Result<Head, Broken> {
        let Head { id, .. } = self.head;
        if id < self.last {
            let why = format!("entry {} is not there: the log ends at {id}", id + 1);
            return Err(Broken { id: id + 1, flaw: Flaw::Missing, why });
        }
        if id > last {
            let why = format!("there is an entry {id}, an id never given");
            return Err(Broken { id, flaw: Flaw::Inserted, why });
        }
        if let Some(expected) = self.expect {
            let why = format!(
                "no entry has the hash {}: the log was cut off before it, or written anew",
                expected.short()
            );
            return Err(Broken { id, flaw: Flaw::Unexpected, why });
        }
        Ok(self.head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn log(length: i64) -> Vec<AuditEntry> {
        let mut previous = genesis();
        (1..=length)
            .map(|id| {
                let (action, subject) = ("push".to_string(), format!("a/p{id}"));
                let (actor, detail) = ("ann \"x\"\n".to_string(), "ü".to_string());
                let mut entry =
                    AuditEntry { id, at: 7 * id, actor, action, subject, detail, hash: None };
                previous = link(&previous, &entry);
                entry.hash = Some(previous);
                entry
            })
            .collect()
    }

    fn verify(log: &[AuditEntry], last: i64, expect: Option<Digest>) -> Result<Head, Broken> {
        let mut verifier = Verifier::new(last, expect);
        for entry in log {
            verifier.add(entry)?;
        }
        verifier.end(last)
    }

    fn flaw(log: &[AuditEntry], last: i64) -> (i64, Flaw) {
        let broken = verify(log, last, None).unwrap_err();
        (broken.id, broken.flaw)
    }

    #[test]
    fn a_whole_log_has_a_head() {
        let log = log(4);
        let head = verify(&log, 4, None).unwrap();
        assert_eq!((head.id, Some(head.hash)), (4, log[3].hash));
        for entry in &log {
            verify(&log, 4, entry.hash).unwrap();
        }
        assert_eq!(verify(&[], 0, None).unwrap().hash, genesis());
        verify(&log, 4, Some(genesis())).unwrap();
    }

    /// Computed by hand from the module's words with another implementation of JSON and SHA-256.
    #[test]
    fn the_chain_is_what_its_description_says() {
        let expected = Digest::of(
            format!("{}\n[1,7,\"ann \\\"x\\\"\\n\",\"push\",\"a/p1\",\"ü\"]", genesis()).as_bytes(),
        );
        assert_eq!(log(1)[0].hash, Some(expected));
    }

    #[test]
    fn the_first_broken_entry_is_named() {
        let whole = log(5);
        let with = |change: &dyn Fn(&mut Vec<AuditEntry>)| {
            let mut log = whole.clone();
            change(&mut log);
            log
        };
        assert_eq!(flaw(&with(&|log| log[2].actor = "bob".into()), 5), (3, Flaw::Changed));
        assert_eq!(flaw(&with(&|log| log[2].hash = log[1].hash), 5), (3, Flaw::Changed));
        assert_eq!(flaw(&with(&|log| drop(log.remove(2))), 5), (3, Flaw::Missing));
        assert_eq!(flaw(&with(&|log| log.truncate(3)), 5), (4, Flaw::Missing));
        assert_eq!(flaw(&with(&|log| log[4].hash = None), 5), (5, Flaw::Inserted));
        let zero = with(&|log| log.insert(0, AuditEntry { id: 0, ..log[0].clone() }));
        assert_eq!(flaw(&zero, 5), (0, Flaw::Inserted));
        let more = with(&|log| log.push(AuditEntry { id: 6, ..log[0].clone() }));
        assert_eq!(flaw(&more, 5), (6, Flaw::Inserted));
        let renumbered = with(&|log| {
            log.remove(1);
            (1..).zip(log.iter_mut()).for_each(|(id, entry)| entry.id = id);
        });
        assert_eq!(flaw(&renumbered, 4), (2, Flaw::Changed));
    }

    #[test]
    fn a_log_written_anew_does_not_have_the_hash_that_was_kept() {
        let kept = log(5)[4].hash;
        let cut: Vec<AuditEntry> = log(3);
        let broken = verify(&cut, 3, kept).unwrap_err();
        assert_eq!((broken.id, broken.flaw), (3, Flaw::Unexpected));
    }

    proptest! {
        /// Whatever is changed in whichever entry, that entry is the one that is named.
        #[test]
        fn no_change_goes_unnoticed(place in 0_usize..6, field in 0_u8..5, text in ".{1,8}") {
            let mut log = log(6);
            let entry = &mut log[place];
            match field {
                0 => entry.at += 1,
                1 => entry.actor.push_str(&text),
                2 => entry.action.push_str(&text),
                3 => entry.subject.push_str(&text),
                _ => entry.detail.push_str(&text),
            }
            let id = entry.id;
            prop_assert_eq!(flaw(&log, 6), (id, Flaw::Changed));
        }
    }
}
