//! Registering versions, and looking at them.

use gatemark_core::bump::{self, Reason};
use gatemark_core::canonical;
use gatemark_core::diagnostic::{Diagnostic, Severity};
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::id::PromptName;
use gatemark_core::prompt::{Content, Version};
use gatemark_gateway::{Selector, clock};
use gatemark_store::prompt::{NewVersion, PromptSummary};
use gatemark_text::diff::{self, Change};

use crate::project::{self, Files, PromptFile};
use crate::{Control, select};

/// What a push did, or why it did nothing.
#[derive(Debug)]
pub struct Push {
    /// Everything found in the files. With an error among them nothing was registered.
    pub diagnostics: Vec<Diagnostic>,
    /// What became of each prompt; empty after an error.
    pub prompts: Vec<PushedPrompt>,
}

impl Push {
    /// Whether nothing was registered because of errors.
    pub fn is_refused(&self) -> bool {
        self.diagnostics.iter().any(|found| found.severity == Severity::Error)
    }
}

/// What became of one prompt.
#[derive(Debug, Clone)]
pub struct PushedPrompt {
    /// Its name.
    pub name: PromptName,
    /// The version that its files are.
    pub number: u32,
    /// That version's semantic version.
    pub semver: semver::Version,
    /// That version's hash.
    pub hash: gatemark_core::Digest,
    /// Whether the version is new.
    pub is_new: bool,
    /// Whether its suite changed.
    pub suite_changed: bool,
    /// What changed since the version before, and what step each change asks for.
    pub reasons: Vec<Reason>,
    /// Untrusted texts of which it does not say how they are set apart from instructions.
    pub undecided: Vec<String>,
}

/// Whether to register or only to say what would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Register.
    Register,
    /// Say what registering would do.
    DryRun,
}

impl Control {
    /// Registers every prompt in `files` whose content is new. All or nothing.
    pub async fn push(&self, files: &Files, author: &str, mode: Mode) -> Result<Push> {
        let (prompts, mut diagnostics) = project::load_prompts(files, &self.project);
        diagnostics.extend(self.check_summarisers(&prompts).await?);
        diagnostics.extend(self.check_judges(&prompts).await?);
        let mut planned = vec![];
        for prompt in prompts {
            planned.push(self.plan(prompt, &mut diagnostics).await?);
        }
        let (old, current): (Vec<_>, Vec<_>) =
            planned.into_iter().partition(|(new, pushed)| is_older(new, pushed));
        let mut push = Push { diagnostics, prompts: vec![] };
        if push.is_refused() {
            return Ok(push);
        }
        let (new, mut results): (Vec<_>, Vec<_>) = current.into_iter().unzip();
        if mode == Mode::Register {
            let pushed = self.store.push(&new, author, clock::now_us()).await?;
            for (result, pushed) in results.iter_mut().zip(pushed) {
                result.number = pushed.number;
                result.is_new = pushed.new_version;
                result.suite_changed = pushed.suite_changed;
            }
        }
        results.extend(old.into_iter().map(|(_, pushed)| pushed));
        push.prompts = results;
        Ok(push)
    }

    /// Compares one prompt with what is registered.
    async fn plan(
        &self,
        file: PromptFile,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Result<(NewVersion, PushedPrompt)> {
        let canonical = canonical::seal(&file.content)?;
        let suite = file.suite.as_ref().map(canonical::seal).transpose()?;
        let latest = self.store.latest(&file.name).await?;
        let known = self.registered(&file, latest.as_ref(), &canonical.digest).await?;
        let mut pushed = PushedPrompt {
            name: file.name.clone(),
            number: latest.as_ref().map_or(1, |latest| latest.number + 1),
            semver: file.semver.clone(),
            hash: canonical.digest,
            is_new: known.is_none(),
            suite_changed: false,
            reasons: vec![],
            undecided: undecided(&file.content),
        };
        let current = self.store.current_suite(&file.name).await?.map(|(_, digest)| digest);
        pushed.suite_changed = suite.as_ref().is_some_and(|suite| Some(suite.digest) != current);
        match (&known, &latest) {
            (Some(known), _) => {
                pushed.number = known.number;
                pushed.semver = known.semver.clone();
                diagnostics.extend(unchanged_note(&file, known, latest.as_ref()));
            }
            (None, Some(latest)) => {
                pushed.reasons = bump::reasons(&latest.content, &file.content);
                diagnostics.extend(too_small(&file, latest, &pushed.reasons));
                diagnostics.extend(stale_changelog(&file, latest));
            }
            (None, None) => {}
        }
        let new = NewVersion {
            prompt: file.name,
            description: file.description,
            owner: file.owner,
            semver: pushed.semver.clone(),
            canonical,
            changelog: file.changelog,
            suite,
            after: latest.map(|latest| latest.number),
            register: pushed.is_new,
        };
        Ok((new, pushed))
    }

    /// The version that the files are, if there is one: the newest, whatever `version` says; or an older one
    /// with its own semantic version, as after taking a change back in Git. The content of an older one under
    /// a higher semantic version is a new version that happens to be known, and keeps its evidence.
    async fn registered(
        &self,
        file: &PromptFile,
        latest: Option<&Version>,
        hash: &gatemark_core::Digest,
    ) -> Result<Option<Version>> {
        match latest {
            None => Ok(None),
            Some(latest) if latest.hash == *hash => Ok(Some(latest.clone())),
            Some(_) => {
                let older = self.store.version_by_semver(&file.name, &file.semver).await?;
                Ok(older.filter(|version| version.hash == *hash))
            }
        }
    }

    /// The prompts that have a suite, by name.
    pub async fn with_suites(&self) -> Result<Vec<PromptName>> {
        let mut names = vec![];
        for prompt in self.prompts().await? {
            if self.store.current_suite(&prompt.name).await?.is_some() {
                names.push(prompt.name);
            }
        }
        Ok(names)
    }

    /// Every prompt.
    pub async fn prompts(&self) -> Result<Vec<PromptSummary>> {
        self.store.prompts().await
    }

    /// One version.
    pub async fn version(&self, prompt: &PromptName, selector: &Selector) -> Result<Version> {
        select::version(&self.store, prompt, selector).await
    }

    /// A prompt's versions, newest first.
    pub async fn versions(&self, prompt: &PromptName) -> Result<Vec<Version>> {
        let versions = self.store.versions(prompt).await?;
        if versions.is_empty() {
            select::version(&self.store, prompt, &Selector::Default).await?;
        }
        Ok(versions)
    }

    /// What changed between two versions; `from` defaults to the one before `to`.
    pub async fn diff(
        &self,
        prompt: &PromptName,
        from: Option<&Selector>,
        to: &Selector,
    ) -> Result<VersionDiff> {
        let to = self.version(prompt, to).await?;
        let from = match from {
            Some(from) => self.version(prompt, from).await?,
            None if to.number > 1 => self.version(prompt, &Selector::Number(to.number - 1)).await?,
            None => {
                let message =
                    format!("version 1 of `{prompt}` has nothing before it to compare with");
                return Err(Error::new(Kind::NotFound, message));
            }
        };
        let changes = diff::contents(&from.content, &to.content);
        let reasons = bump::reasons(&from.content, &to.content);
        Ok(VersionDiff { from, to, changes, reasons })
    }
}

/// Two versions and what lies between them.
#[derive(Debug)]
pub struct VersionDiff {
    /// The older one, as asked.
    pub from: Version,
    /// The newer one, as asked.
    pub to: Version,
    /// Every changed field.
    pub changes: Vec<Change>,
    /// What the changes mean for the semantic version.
    pub reasons: Vec<Reason>,
}

fn undecided(content: &Content) -> Vec<String> {
    let declared = content.variables.iter();
    let open = declared.filter(|(_, it)| it.profile().is_some() && it.spotlight.is_none());
    open.map(|(name, _)| name.clone()).collect()
}

/// Whether the files are those of a version before the newest: there is nothing to write then.
fn is_older(new: &NewVersion, pushed: &PushedPrompt) -> bool {
    !new.register && new.after.is_some_and(|latest| latest != pushed.number)
}

fn unchanged_note(
    file: &PromptFile,
    known: &Version,
    latest: Option<&Version>,
) -> Option<Diagnostic> {
    let older = latest.is_some_and(|latest| latest.number != known.number);
    if older {
        let message = format!(
            "`{}` has the content of version {} ({}) again: nothing of its files is registered, the suite \
             included",
            file.name, known.number, known.semver
        );
        let hint = format!("deploy that one with `--version {}`", known.number);
        return Some(Diagnostic::warning(file.semver_place.clone(), message).hint(hint));
    }
    (file.semver != known.semver).then(|| {
        let message = format!(
            "the content is that of {}, so `version: {}` has no effect",
            known.semver, file.semver
        );
        Diagnostic::warning(file.semver_place.clone(), message)
            .hint("change the version together with the content")
    })
}

fn stale_changelog(file: &PromptFile, latest: &Version) -> Option<Diagnostic> {
    let is_stale = file.changelog.is_some() && file.changelog == latest.changelog;
    is_stale.then(|| {
        let message = format!("the changelog is still that of {}", latest.semver);
        Diagnostic::warning(file.semver_place.clone(), message)
            .hint("say in `changelog` what this version changes")
    })
}

fn too_small(file: &PromptFile, latest: &Version, reasons: &[Reason]) -> Option<Diagnostic> {
    let bump = bump::least(reasons)?;
    let least = bump::next(&latest.semver, bump);
    if file.semver >= least {
        return None;
    }
    let why: Vec<String> = reasons
        .iter()
        .filter(|reason| reason.bump == bump)
        .map(|reason| reason.change.clone())
        .collect();
    let message = format!(
        "version {} is too small a step from {}: {} needs a {bump} step",
        file.semver,
        latest.semver,
        why.join(", and ")
    );
    let hint = format!("write `version: {least}` or higher");
    Some(Diagnostic::error(file.semver_place.clone(), message).hint(hint))
}
