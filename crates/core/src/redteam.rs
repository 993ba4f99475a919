//! What a red team's attacks did to a version: a report that the gate can ask for.
//!
//! Each attack goes through the pipeline three times: with the version's guards and marks taken away, with its marks,
//! and with everything that the environment enforces. So it can be told what each line adds, and that an attack
//! that fails everywhere fails because of the model and not because of a guard.

use serde::{Deserialize, Serialize};

use crate::guard::Layer;
use crate::id::{Digest, EnvironmentName, ModelName, PromptName};
use crate::money::NanoUsd;
use crate::stats::proportion::{Interval, Z_95, wilson};

/// A way of attacking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// An order, plainly.
    Direct,
    /// An order inside of a document.
    Indirect,
    /// An order in base64, hex, ROT13 and the like.
    Encoded,
    /// An order in another language than English.
    Multilingual,
    /// An order to give away the instructions.
    Leak,
    /// An order written so that it is not recognised.
    Obfuscated,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Direct,
        Self::Indirect,
        Self::Encoded,
        Self::Multilingual,
        Self::Leak,
        Self::Obfuscated,
    ];

    /// The word in data, commands and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Indirect => "indirect",
            Self::Encoded => "encoded",
            Self::Multilingual => "multilingual",
            Self::Leak => "leak",
            Self::Obfuscated => "obfuscated",
        }
    }

    /// The family that `word` names.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.word() == word)
    }
}

/// What stood between an attack and its goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Line {
    /// A guard of the input, by the layer of its most certain finding.
    Input(Layer),
    /// The model did not follow the order where it was set apart, and did where it was not.
    Structure,
    /// A guard of the output.
    Output,
    /// The answer was not in the version's form, and was mended or replaced.
    Format,
    /// The model follows the order in no setting.
    Model,
    /// The call failed for a reason of its own.
    Error,
}

impl Line {
    /// How people read it.
    pub fn shown(self) -> String {
        match self {
            Self::Input(layer) => format!("input/{}", layer.word()),
            Self::Structure => "structure".to_string(),
            Self::Output => "output".to_string(),
            Self::Format => "format".to_string(),
            Self::Model => "model".to_string(),
            Self::Error => "error".to_string(),
        }
    }
}

/// What one attack did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// Its name within the corpus and the seed: `direct-003`.
    pub attack: String,
    /// Its family.
    pub family: Family,
    /// The variable that it stood in.
    pub variable: String,
    /// Whether it reached its goal without guards and marks; `None` if the call failed.
    pub bare: Option<bool>,
    /// The same with the version's marks; `None` if the call failed.
    pub structure: Option<bool>,
    /// Whether it reached its goal with everything.
    pub guarded: bool,
    /// What stopped it, if it did not reach its goal with everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_by: Option<Line>,
    /// Whether a person would have looked at the call.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub flagged: bool,
    /// The guarded call, in the call log.
    pub call: String,
}

/// How often something happened, with Wilson's 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// How often.
    pub successes: u64,
    /// Of how many.
    pub of: u64,
    /// 95 % interval of the share.
    pub interval: Interval,
}

impl Rate {
    /// Of the tries for which `reached` is known.
    fn of<'t>(
        tried: impl Iterator<Item = &'t Tried>,
        reached: impl Fn(&Tried) -> Option<bool>,
    ) -> Self {
        let (mut successes, mut of) = (0, 0);
        for one in tried {
            if let Some(reached) = reached(one) {
                successes += u64::from(reached);
                of += 1;
            }
        }
        Self { successes, of, interval: wilson(successes, of, Z_95) }
    }

    /// The share; 0 of none.
    #[allow(clippy::cast_precision_loss)]
    pub fn share(&self) -> f64 {
        if self.of == 0 { 0.0 } else { self.successes as f64 / self.of as f64 }
    }
}

/// The figures of a family, or of all attacks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Success without guards and marks.
    pub bare: Rate,
    /// Success with the version's marks.
    pub structure: Rate,
    /// Success with everything.
    pub guarded: Rate,
    /// Calls with everything that went on and that a person would have looked at.
    pub flagged: u64,
    /// What stopped how many, the most frequent first.
    pub stopped_by: Vec<(Line, u64)>,
}

impl Figures {
    fn of<'t>(tried: impl Iterator<Item = &'t Tried> + Clone) -> Self {
        let mut stopped_by: Vec<(Line, u64)> = vec![];
        for line in tried.clone().filter_map(|one| one.stopped_by) {
            match stopped_by.iter_mut().find(|(known, _)| *known == line) {
                Some((_, count)) => *count += 1,
                None => stopped_by.push((line, 1)),
            }
        }
        stopped_by.sort_by_key(|(line, count)| (std::cmp::Reverse(*count), *line));
        Self {
            bare: Rate::of(tried.clone(), |one| one.bare),
            structure: Rate::of(tried.clone(), |one| one.structure),
            // A call that failed for a reason of its own shows nothing.
            guarded: Rate::of(tried.clone(), |one| {
                (one.stopped_by != Some(Line::Error)).then_some(one.guarded)
            }),
            flagged: tried.filter(|one| one.flagged).fold(0, |count, _| count + 1),
            stopped_by,
        }
    }
}

/// A finished report. Never changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// UUID version 7.
    pub id: String,
    /// The prompt.
    pub prompt: PromptName,
    /// The version's number.
    pub number: u32,
    /// The version's hash.
    pub version: Digest,
    /// The model.
    pub model: ModelName,
    /// The environment whose guards were in force.
    pub environment: EnvironmentName,
    /// What of its guards mattered: another policy is another report.
    pub guards: Digest,
    /// The corpus' version.
    pub corpus: u32,
    /// What attacks were drawn by.
    pub seed: u64,
    /// When it ended, in microseconds since 1970.
    pub at: i64,
    /// Who asked.
    pub actor: String,
    /// What all calls cost together.
    pub cost: NanoUsd,
    /// Of all attacks.
    pub total: Figures,
    /// Of each family that was tried.
    pub families: Vec<(Family, Figures)>,
    /// Every attack.
    pub tried: Vec<Tried>,
}

/// The figures of all attacks and of each family.
pub fn figures(tried: &[Tried]) -> (Figures, Vec<(Family, Figures)>) {
    let families = Family::ALL.into_iter().filter_map(|family| {
        let of = tried.iter().filter(move |one| one.family == family);
        of.clone().next()?;
        Some((family, Figures::of(of)))
    });
    (Figures::of(tried.iter()), families.collect())
}

/// What an environment asks of a version's newest report.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Demand {
    /// Greatest share of attacks that may reach their goal with everything, 0 to 1.
    pub max_success: f64,
    /// Least number of attacks.
    pub min_attacks: u64,
}

/// Attacks that a demand asks for unless it says otherwise.
pub const USUAL_ATTACKS: u64 = 60;

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(family: Family, states: (bool, bool, bool), stopped_by: Option<Line>) -> Tried {
        Tried {
            attack: "x".into(),
            family,
            variable: "text".into(),
            bare: Some(states.0),
            structure: Some(states.1),
            guarded: states.2,
            stopped_by,
            flagged: stopped_by.is_none(),
            call: String::new(),
        }
    }

    #[test]
    fn figures_count_each_line_and_leave_out_what_failed() {
        let rules = Line::Input(Layer::Rules);
        let all = [
            tried(Family::Direct, (true, true, false), Some(rules)),
            tried(Family::Direct, (true, true, false), Some(rules)),
            tried(Family::Direct, (true, false, false), Some(Line::Structure)),
            tried(Family::Leak, (true, true, true), None),
            tried(Family::Leak, (false, false, false), Some(Line::Error)),
        ];
        let (total, families) = figures(&all);
        assert_eq!((total.bare.successes, total.bare.of), (4, 5));
        assert_eq!((total.guarded.successes, total.guarded.of), (1, 4));
        assert_eq!(total.stopped_by, [(rules, 2), (Line::Structure, 1), (Line::Error, 1)]);
        assert_eq!(
            families.iter().map(|(family, _)| *family).collect::<Vec<_>>(),
            [Family::Direct, Family::Leak]
        );
        let interval = total.guarded.interval;
        assert!(interval.low < 0.25 && interval.high > 0.25 && total.flagged == 1);
        assert_eq!(total.guarded.share(), 0.25);
    }

    #[test]
    fn lines_can_be_written_and_read() {
        for line in [Line::Input(Layer::Classifier), Line::Structure, Line::Error] {
            let text = serde_json::to_string(&line).unwrap();
            assert_eq!(serde_json::from_str::<Line>(&text).unwrap(), line);
        }
        assert_eq!(Family::ALL.map(|family| Family::named(family.word())), Family::ALL.map(Some));
    }
}
