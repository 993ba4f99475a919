//! Looking at suites, and making new cases from recorded calls.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use gatemark_core::Digest;
use gatemark_core::call::{CallPurpose, CallRecord, Outcome};
use gatemark_core::error::{Error, Result};
use gatemark_core::id::{EnvironmentName, PromptName};
use gatemark_core::model::Recording;
use gatemark_core::review::Resolution;
use gatemark_core::suite::Suite;
use gatemark_gateway::Selector;
use gatemark_store::call::CallFilter;
use gatemark_store::{ReviewFilter, Standing};

use crate::proposal::{self, Proposals, Purpose};
use crate::{Control, select};

/// How people name a registered suite of a prompt.
#[derive(Debug, Clone, PartialEq)]
pub enum SuiteRef {
    /// The one that the prompt was last pushed with.
    Current,
    /// The one that a version was last tested with.
    Tested(Selector),
    /// The one whose hash starts so: 6 to 64 lower-case hexadecimal digits.
    Hash(String),
}

impl FromStr for SuiteRef {
    type Err = String;

    /// `current`, a hash or its beginning, or a version. Up to five digits are a version's number, more
    /// are a hash.
    fn from_str(text: &str) -> Result<Self, String> {
        let is_hash = (6..=64).contains(&text.len())
            && text.bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c));
        if text == "current" {
            return Ok(Self::Current);
        }
        if is_hash {
            return Ok(Self::Hash(text.to_string()));
        }
        Selector::parse(text, "suite")
            .map(Self::Tested)
            .map_err(|error| error.message().to_string())
    }
}

/// Which calls to make cases of, and how.
#[derive(Debug, Clone)]
pub struct FromCalls {
    /// The prompt.
    pub prompt: PromptName,
    /// Only calls in this environment.
    pub environment: Option<EnvironmentName>,
    /// Only calls begun at this time or later, in microseconds since 1970.
    pub since: Option<i64>,
    /// Only calls that ended so.
    pub outcome: Option<Outcome>,
    /// Most calls to look at, newest first.
    pub limit: u32,
    /// The category of the new cases.
    pub category: String,
    /// How many to draw, with the seed of the draw; all if `None`.
    pub sample: Option<(usize, u64)>,
    /// Ids of cases that were proposed before.
    pub known: HashSet<String>,
    /// Only calls that people have decided on, with what they decided.
    pub reviewed: bool,
}

impl Control {
    /// A registered suite and its hash.
    ///
    /// # Errors
    /// `NotFound` if there is none; `Invalid` if several suites' hashes start so.
    pub async fn suite(&self, prompt: &PromptName, which: &SuiteRef) -> Result<(Suite, Digest)> {
        let digest = match which {
            SuiteRef::Current => {
                let current = self.store.current_suite(prompt).await?;
                return match current {
                    Some(current) => Ok(current),
                    None => {
                        select::version(&self.store, prompt, &Selector::Default).await?;
                        let message = format!("`{prompt}` has no suite");
                        Err(Error::not_found(message).coded("suite_not_found"))
                    }
                };
            }
            SuiteRef::Tested(selector) => self.tested_with(prompt, selector).await?,
            SuiteRef::Hash(start) => self.by_hash(start).await?,
        };
        let found = self.store.suite(&digest).await?;
        let message = format!("there is no suite {}", digest.short());
        found
            .map(|suite| (suite, digest))
            .ok_or_else(|| Error::not_found(message).coded("suite_not_found"))
    }

    /// A version has no suite of its own: cases may be added after it. Its reports say what it was held to.
    async fn tested_with(&self, prompt: &PromptName, selector: &Selector) -> Result<Digest> {
        let version = select::version(&self.store, prompt, selector).await?;
        let reports = self.store.reports(prompt, u32::MAX).await?;
        let own = reports.iter().filter(|report| report.version == version.hash);
        own.max_by_key(|report| report.finished_at).map(|report| report.suite).ok_or_else(|| {
            let message = format!(
                "version {} of `{prompt}` was never tested, so no suite belongs to it: name one by its \
                 hash, or `current`",
                version.number
            );
            Error::not_found(message).coded("suite_not_found")
        })
    }

    async fn by_hash(&self, start: &str) -> Result<Digest> {
        let found = self.store.suites_starting(start).await?;
        match found.as_slice() {
            [one] => Ok(*one),
            [] => {
                let message = format!("there is no suite whose hash starts with {start}");
                Err(Error::not_found(message).coded("suite_not_found"))
            }
            _ => Err(Error::invalid(format!(
                "several suites' hashes start with {start}: give more digits"
            ))),
        }
    }

    /// Recorded calls as cases for a person to review.
    ///
    /// # Errors
    /// `Invalid` if there are such calls and none of them has its texts recorded.
    pub async fn propose_cases(&self, wanted: &FromCalls) -> Result<Proposals> {
        let prompt = &wanted.prompt;
        let version = select::version(&self.store, prompt, &Selector::Default).await?;
        let suite = self.store.current_suite(prompt).await?.map(|(suite, _)| suite);
        let filter = CallFilter {
            prompt: Some(prompt.clone()),
            environment: wanted.environment.clone(),
            outcome: wanted.outcome,
            purpose: Some(CallPurpose::Serve),
            since: wanted.since,
            limit: wanted.limit,
            ..CallFilter::default()
        };
        let reviewed =
            if wanted.reviewed { self.decided_on(wanted).await? } else { HashMap::new() };
        let records = if wanted.reviewed {
            let mut found = vec![];
            for id in reviewed.keys() {
                let one = CallFilter { id: Some(id.clone()), ..filter.clone() };
                found.extend(self.store().calls(&one).await?);
            }
            found.sort_by(|a, b| (b.at, &b.id).cmp(&(a.at, &a.id)));
            found
        } else {
            self.calls(&filter).await?
        };
        if !records.is_empty() && records.iter().all(|record| record.input.is_none()) {
            return Err(self.unrecorded(&records));
        }
        let purpose = Purpose {
            content: &version.content,
            suite: suite.as_ref(),
            category: &wanted.category,
            known: &wanted.known,
            sample: wanted.sample,
            reviewed: &reviewed,
        };
        proposal::of_calls(&records, &purpose)
    }

    /// What people decided about calls of the prompt, by the call's id.
    async fn decided_on(&self, wanted: &FromCalls) -> Result<HashMap<String, Resolution>> {
        self.ship_if_possible().await;
        let filter = ReviewFilter {
            standing: Standing::Decided,
            prompt: Some(wanted.prompt.clone()),
            environment: wanted.environment.clone(),
            since: wanted.since,
            limit: wanted.limit,
            ..ReviewFilter::default()
        };
        let found = self.store().reviews(&filter).await?.into_iter();
        Ok(found.filter_map(|item| Some((item.call, item.desk.resolved?))).collect())
    }

    fn unrecorded(&self, records: &[CallRecord]) -> Error {
        let mut names: Vec<&str> = records
            .iter()
            .filter_map(|record| record.environment.as_ref().map(EnvironmentName::as_str))
            .collect();
        names.sort_unstable();
        names.dedup();
        let mut message = format!(
            "none of the {} calls has its texts recorded: write `record: content` under {} in gatemark.yaml \
             and start the server again; calls from then on can become cases",
            records.len(),
            names
                .iter()
                .map(|name| format!("`environments.{name}`"))
                .collect::<Vec<_>>()
                .join(" and ")
        );
        let on = |name: &&str| {
            let environments = self.project.environments.values();
            environments
                .filter(|known| known.name.as_str() == *name)
                .any(|known| known.recording == Recording::Content)
        };
        if names.iter().any(on) {
            message = format!(
                "none of the {} calls has its texts recorded: they were made before `record: content` was set",
                records.len()
            );
        }
        Error::invalid(message).coded("texts_not_recorded")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_are_named_by_hash_version_or_as_current() {
        let read = |text: &str| text.parse::<SuiteRef>().unwrap();
        assert_eq!(read("current"), SuiteRef::Current);
        assert_eq!(read("0a1b2c"), SuiteRef::Hash("0a1b2c".into()));
        assert_eq!(read("123456"), SuiteRef::Hash("123456".into()));
        assert_eq!(read("12"), SuiteRef::Tested(Selector::Number(12)));
        assert!(matches!(read("1.2.0"), SuiteRef::Tested(Selector::Semver(_))));
        assert!(matches!(read("production"), SuiteRef::Tested(Selector::Environment(_))));
        assert!("No Such".parse::<SuiteRef>().is_err());
    }
}
