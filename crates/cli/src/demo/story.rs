//! The job itself, step by step: a weak version is refused, a good one is released and serves, one that
//! suits only its test replaces it and does worse, and the good one comes back.

use std::time::Instant;

use gatemark_control::Control;
use gatemark_core::call::CallPurpose;
use gatemark_core::error::Result;
use gatemark_core::id::PromptName;
use gatemark_store::call::CallFilter;

use super::canary;
use super::client::Client;
use super::figures::{
    Calls, Canary, Comparison, Figures, Live, Rollback, Threshold, VersionFigures, as_count,
};
use super::folder::Folder;
use super::material::Material;
use super::narrator::Narrator;
use super::prompts::{self, Author, Edition, GOOD, PROMPT};
use super::release::{self, REVIEWER};
use super::traffic::{self, Sent};
use super::trim;

const FOLDER: &str = "prompts/demo/triage";
const CALIBRATION: &str = "demo/calibration";
const CALIBRATION_FOLDER: &str = "prompts/demo/calibration";
const WHY_GOOD: &str = "Clear instructions, solved examples, a fixed output format and a fallback.";
const WHY_CHEAP: &str = "Fewer examples, to save cost: those nearest to our test cases stay.";
/// How often the author puts examples back when the gate refuses the trimmed prompt.
const TRIMS: usize = 4;

/// What the story is played with.
pub(super) struct Stage<'a> {
    pub(super) control: &'a Control,
    pub(super) folder: &'a Folder,
    pub(super) material: &'a Material,
    pub(super) client: &'a Client,
    pub(super) url: &'a str,
    pub(super) narrator: &'a Narrator<'a>,
    pub(super) began: Instant,
}

/// A version that serves, with the outcome of its live traffic.
struct Served {
    figures: VersionFigures,
    sent: Vec<Sent>,
}

impl Stage<'_> {
    /// Plays the whole story.
    pub(super) async fn play(self) -> Result<Figures> {
        let prompt: PromptName = PROMPT.parse()?;
        self.narrator.data(&self.material.figures, self.folder.path());
        let threshold = self.calibrate().await?;
        self.narrator.threshold(&threshold);
        let weak = self.weak(&prompt, threshold).await?;
        let good = self.good(&prompt).await?;
        let (mut versions, mut comparison, mut rollback) = (vec![weak], None, None);
        let mut canary = None;
        let mut answered = as_count(good.sent.len());
        if good.figures.deployed {
            let (mut refused, cheap) = self.cheap(&prompt).await?;
            versions.push(good.figures);
            versions.append(&mut refused);
            if let Some(cheap) = cheap {
                answered += as_count(cheap.sent.len());
                let found = Comparison::of(&good.sent, &cheap.sent);
                self.narrator.comparison(&cheap.figures.semver, &found);
                comparison = Some(found);
                versions.push(cheap.figures);
                rollback = self.roll_back().await?;
                answered += rollback.as_ref().map_or(0, |rollback| rollback.calls);
                canary = self.canary(&prompt, versions.last()).await?;
                answered += canary.as_ref().map_or(0, |canary| canary.calls);
            }
        } else {
            versions.push(good.figures);
        }
        let calls = Calls { answered, recorded: self.recorded(&prompt).await? };
        self.narrator.records(&calls);
        let mut figures = Figures {
            data: self.material.figures.clone(),
            project: self.folder.path().display().to_string(),
            url: self.url.to_string(),
            threshold,
            versions,
            comparison,
            rollback,
            canary,
            calls,
            seconds: self.began.elapsed().as_secs_f64(),
            ok: false,
        };
        figures.ok = figures.is_as_it_should();
        Ok(figures)
    }

    fn author(&self) -> Author<'_> {
        Author { labels: &self.material.labels, fallback: self.material.fallback() }
    }

    /// Tests the good prompt on rows of their own, and takes the threshold from that.
    async fn calibrate(&self) -> Result<Threshold> {
        let prompt: PromptName = CALIBRATION.parse()?;
        let changelog = "To take the threshold from; never served.";
        let examples = &self.material.examples;
        let edition = Edition { semver: "1.0.0", changelog, examples };
        self.folder.write(&prompts::good(CALIBRATION_FOLDER, &self.author(), &edition))?;
        self.folder.write(&[prompts::suite(
            CALIBRATION_FOLDER,
            &self.material.calibration,
            None,
        )])?;
        release::push(self.control, self.folder, &prompt).await?;
        let summary = release::test(self.control, &prompt).await?;
        self.folder.remove(CALIBRATION_FOLDER)?;
        Ok(Threshold::from(&summary))
    }

    async fn weak(&self, prompt: &PromptName, threshold: Threshold) -> Result<VersionFigures> {
        self.folder.write(&prompts::weak(FOLDER, &self.author()))?;
        let suite = prompts::suite(FOLDER, &self.material.suite, Some(threshold.accuracy));
        self.folder.write(&[suite])?;
        self.narrator.step(
            "Push 1.0.0: a vague prompt, no examples, no output format. Test it, and deploy it.",
        );
        let figures = self.submit(prompt, 0, false).await?;
        self.narrator.decision(&figures);
        Ok(figures)
    }

    async fn good(&self, prompt: &PromptName) -> Result<Served> {
        let examples = &self.material.examples;
        let edition = Edition { semver: GOOD, changelog: WHY_GOOD, examples };
        self.folder.write(&prompts::good(FOLDER, &self.author(), &edition))?;
        let what = format!(
            "Push {GOOD}: instructions, {} solved examples, output schema, fallback. Test, approve ({REVIEWER}), deploy.",
            examples.len()
        );
        self.narrator.step(&what);
        let figures = self.submit(prompt, examples.len(), true).await?;
        self.narrator.decision(&figures);
        self.serve(figures).await
    }

    /// The trimmed versions that the gate refused, and the first that it let through.
    async fn cheap(&self, prompt: &PromptName) -> Result<(Vec<VersionFigures>, Option<Served>)> {
        let all = &self.material.examples;
        let mut refused = vec![];
        for each in 1..=TRIMS {
            let examples = trim::nearest(all, &self.material.suite, each);
            if examples.len() == all.len() {
                break;
            }
            let semver = format!("2.{each}.0");
            let edition = Edition { semver: &semver, changelog: WHY_CHEAP, examples: &examples };
            self.folder.write(&prompts::good(FOLDER, &self.author(), &edition))?;
            let what = format!(
                "Push {semver}: cheaper. Of {} examples only the {} nearest to the test cases stay. Test, approve, deploy.",
                all.len(),
                examples.len()
            );
            self.narrator.step(&what);
            let figures = self.submit(prompt, examples.len(), true).await?;
            self.narrator.decision(&figures);
            if figures.deployed {
                return Ok((refused, Some(self.serve(figures).await?)));
            }
            refused.push(figures);
        }
        Ok((refused, None))
    }

    /// Pushes what is in the folder, tests it, has it approved if `reviewed`, and asks the gate.
    async fn submit(
        &self,
        prompt: &PromptName,
        examples: usize,
        reviewed: bool,
    ) -> Result<VersionFigures> {
        let pushed = release::push(self.control, self.folder, prompt).await?;
        let tested = release::test(self.control, prompt).await?;
        if reviewed {
            release::approve(self.control, prompt).await?;
        }
        let unmet = release::deploy(self.control, prompt).await?;
        Ok(VersionFigures {
            semver: pushed.semver.to_string(),
            number: pushed.number,
            examples,
            tested,
            deployed: unmet.is_empty(),
            unmet,
            live: None,
        })
    }

    /// Sends the live traffic to the version that has just been deployed.
    async fn serve(&self, mut figures: VersionFigures) -> Result<Served> {
        if !figures.deployed {
            return Ok(Served { figures, sent: vec![] });
        }
        let sent = traffic::send(self.client, PROMPT, &self.material.traffic).await?;
        let live = Live::of(&figures.semver, &sent);
        self.narrator.live(&figures.semver, &live, self.url);
        figures.live = Some(live);
        Ok(Served { figures, sent })
    }

    async fn roll_back(&self) -> Result<Option<Rollback>> {
        let Some(message) = self.material.traffic.first() else { return Ok(None) };
        let done = traffic::roll_back(self.client, PROMPT, REVIEWER, GOOD, message).await?;
        let rollback = Rollback {
            version: done.version,
            effective_ms: done.effective.as_secs_f64() * 1_000.0,
            calls: done.calls,
        };
        self.narrator.rollback(&rollback);
        Ok(Some(rollback))
    }

    /// The version that was rolled back, once more, as a canary.
    async fn canary(
        &self,
        prompt: &PromptName,
        version: Option<&VersionFigures>,
    ) -> Result<Option<Canary>> {
        let Some(version) = version else { return Ok(None) };
        let semver = &version.semver;
        self.narrator.step(&format!(
            "Bring {semver} in again, as a canary: half of the calls, judged by what they show and by the application's feedback."
        ));
        let messages = &self.material.traffic;
        let canary = canary::play(self.control, self.client, prompt, semver, messages).await?;
        self.narrator.canary(&canary);
        Ok(Some(canary))
    }

    /// How many calls of applications to the prompt are on record.
    async fn recorded(&self, prompt: &PromptName) -> Result<u64> {
        let filter = CallFilter {
            prompt: Some(prompt.clone()),
            purpose: Some(CallPurpose::Serve),
            ..CallFilter::default()
        };
        Ok(self.control.call_totals(&filter).await?.calls)
    }
}

impl Figures {
    /// Whether the weak version was refused, the good one served, the trimmed one too, and the way back
    /// led to the good one, with every answered call on record.
    fn is_as_it_should(&self) -> bool {
        let by = |semver: &str| self.versions.iter().find(|version| version.semver == semver);
        let weak_refused = by("1.0.0").is_some_and(|version| !version.deployed);
        let good_served = by(GOOD).is_some_and(|version| version.deployed);
        let back = self.rollback.as_ref().is_some_and(|rollback| rollback.version == GOOD);
        let live = self.versions.iter().filter_map(|version| version.live.as_ref());
        let no_strays = live.map(|live| live.strays).sum::<u64>() == 0;
        let kept = self.calls.answered == self.calls.recorded;
        weak_refused && good_served && back && no_strays && kept
    }
}
