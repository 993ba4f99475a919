//! What the job works on: the data, cut into parts, and test cases made of two of them.

use std::path::PathBuf;

use gatemark_core::error::{Error, Result};

use super::cases::{self, Case, Origin};
use super::data::{self, Columns, Record, Table};
use super::figures::DataFigures;
use super::split::{self, LEAST_IN_ALL, LEAST_PER_LABEL, LEAST_TRAFFIC, Split};

/// Where the data come from, as asked for.
#[derive(Debug)]
pub(super) struct Sources {
    /// A labelled file; the built-in messages if there is none.
    pub(super) data: Option<PathBuf>,
    /// A second one for the live traffic.
    pub(super) traffic: Option<PathBuf>,
    pub(super) columns: Columns,
    /// Most messages of live traffic.
    pub(super) limit: Option<usize>,
}

/// The data, ready to work on.
#[derive(Debug)]
pub(super) struct Material {
    pub(super) labels: Vec<String>,
    pub(super) examples: Vec<Record>,
    pub(super) calibration: Vec<Case>,
    pub(super) suite: Vec<Case>,
    pub(super) traffic: Vec<Record>,
    pub(super) figures: DataFigures,
}

/// Reads and cuts the data.
pub(super) fn gather(sources: &Sources) -> Result<Material> {
    let table = match &sources.data {
        Some(path) => data::read(path, &sources.columns)?,
        None => data::built_in()?,
    };
    table.require(&sources.columns.label, LEAST_PER_LABEL, LEAST_IN_ALL)?;
    let traffic = sources.traffic.as_ref().map(|path| data::read(path, &sources.columns));
    let traffic = traffic.transpose()?.map(|traffic| traffic.without(&table));
    if let Some(traffic) = traffic.as_ref().filter(|traffic| traffic.records.len() < LEAST_TRAFFIC)
    {
        let message = format!(
            "{} has {} usable messages that {} does not have; at least {LEAST_TRAFFIC} are needed",
            traffic.source,
            traffic.records.len(),
            table.source
        );
        return Err(Error::invalid(message).at("--traffic"));
    }
    Ok(cut(table, traffic, sources.limit))
}

fn cut(table: Table, traffic: Option<Table>, limit: Option<usize>) -> Material {
    let Split { examples, calibration, suite, traffic: mut live } =
        split::split(&table, traffic.as_ref());
    live.truncate(limit.unwrap_or(usize::MAX));
    let both = [calibration.as_slice(), suite.as_slice()];
    let told = both.iter().all(|part| cases::origin(part) == Origin::Kinds);
    let origin = if told { Origin::Kinds } else { Origin::Perturbed };
    let figures = DataFigures {
        source: table.source.clone(),
        traffic_source: traffic.as_ref().map(|traffic| traffic.source.clone()),
        rows: table.records.len(),
        labels: table.labels.len(),
        skipped: table.skipped,
        traffic_skipped: traffic.as_ref().map(|traffic| traffic.skipped),
        examples: examples.len(),
        calibration: calibration.len(),
        suite: suite.len(),
        traffic: live.len(),
        categories: origin,
    };
    let make = |prefix, records: &[Record]| cases::cases(prefix, records, &table.labels, origin);
    let (calibration, suite) = (make("calibration", &calibration), make("case", &suite));
    Material { labels: table.labels, examples, calibration, suite, traffic: live, figures }
}

impl Material {
    /// The label that is served when the model fails: one that hands the matter to somebody, if the data
    /// have such a one, else the most frequent.
    pub(super) fn fallback(&self) -> &str {
        const SAFE: [&str; 6] = ["human", "agent", "other", "general", "unknown", "misc"];
        let safe = |label: &&String| {
            let lower = label.to_lowercase();
            SAFE.iter()
                .any(|word| lower.split(|c: char| !c.is_alphanumeric()).any(|part| part == *word))
        };
        let frequent = || {
            self.labels.iter().max_by_key(|label| {
                self.traffic.iter().filter(|record| record.label == **label).count()
            })
        };
        self.labels.iter().find(safe).or_else(frequent).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(limit: Option<usize>) -> Sources {
        let columns = Columns { text: "text".into(), label: "label".into() };
        Sources { data: None, traffic: None, columns, limit }
    }

    #[test]
    fn the_built_in_data_make_a_suite_that_the_gate_accepts() {
        let material = gather(&sources(Some(30))).unwrap();
        assert_eq!((material.traffic.len(), material.figures.traffic), (30, 30));
        assert_eq!(material.figures.categories, Origin::Kinds);
        assert_eq!(material.fallback(), "talk_to_human");
        for part in [&material.suite, &material.calibration] {
            assert!(part.len() >= 50);
            for category in ["happy", "edge", "adversarial"] {
                assert!(part.iter().any(|case| case.category == category), "{category}");
            }
        }
    }
}
