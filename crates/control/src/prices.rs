//! Importing prices from the table that LiteLLM's community keeps.
//!
//! No price is built in: it would be wrong some day and nobody would notice. The table is a JSON object of
//! models with prices for one token, written as decimals. They become prices for a million tokens by
//! moving the decimal point, on the digits as they are written: nothing passes through a float. What cannot
//! be taken over exactly is left out and told.

use std::collections::BTreeMap;

use gatemark_core::error::{Error, Result};
use gatemark_core::id::{Digest, ModelName};
use gatemark_core::model::Project;
use gatemark_core::money::NanoUsd;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// Prices that this program reads, ready to be written to a file, and what became of the rest.
#[derive(Debug, Clone, Serialize)]
pub struct Imported {
    /// The file's content.
    #[serde(skip)]
    pub file: Value,
    /// How many models were taken over.
    pub models: usize,
    /// Models that were not, by the reason.
    pub left_out: BTreeMap<String, usize>,
    /// Fields with prices that were not taken over, with how many of the imported models have them.
    pub ignored_fields: BTreeMap<String, usize>,
    /// Models whose prices could not be taken over exactly, with the reason.
    pub problems: Vec<String>,
}

/// LiteLLM's name of a vendor where ours differs.
const VENDORS: [(&str, &str); 9] = [
    ("text-completion-openai", "openai"),
    ("together_ai", "together"),
    ("bedrock_converse", "bedrock"),
    ("vertex_ai-language-models", "vertex"),
    ("vertex_ai-anthropic_models", "vertex"),
    ("vertex_ai", "vertex"),
    ("azure_ai", "azure"),
    ("fireworks_ai", "fireworks"),
    ("gemini", "google"),
];

/// Their fields for one token, and ours for a million.
const RATES: [(&str, &str); 8] = [
    ("input_cost_per_token", "input_usd_per_million"),
    ("output_cost_per_token", "output_usd_per_million"),
    ("cache_read_input_token_cost", "cached_input_usd_per_million"),
    ("cache_creation_input_token_cost", "cache_write_usd_per_million"),
    ("cache_creation_input_token_cost_above_1hr", "cache_write_1h_usd_per_million"),
    ("output_cost_per_reasoning_token", "reasoning_usd_per_million"),
    ("input_cost_per_audio_token", "audio_input_usd_per_million"),
    ("output_cost_per_audio_token", "audio_output_usd_per_million"),
];

/// Kinds of models that the gateway calls.
const MODES: [&str; 4] = ["chat", "completion", "responses", "embedding"];

/// The entry that explains the table.
const EXPLANATION: &str = "sample_spec";

type Entry<'a> = BTreeMap<String, &'a RawValue>;

/// Reads LiteLLM's table for the project's providers. `names` maps a provider of the project to LiteLLM's
/// name of the vendor where they differ; `at` is the day of the import.
///
/// # Errors
/// `Invalid` if the file is not such a table.
pub fn import(
    table: &[u8],
    project: &Project,
    names: &BTreeMap<String, String>,
    (source, at): (&str, &str),
) -> Result<Imported> {
    let unreadable = |cause: String| {
        Error::invalid(format!("{source} is not LiteLLM's table of prices: {cause}"))
    };
    let text = std::str::from_utf8(table).map_err(|cause| unreadable(cause.to_string()))?;
    let entries: BTreeMap<String, Entry<'_>> =
        serde_json::from_str(text).map_err(|cause| unreadable(cause.to_string()))?;
    let mut models = Map::new();
    let mut imported = Imported {
        file: Value::Null,
        models: 0,
        left_out: BTreeMap::new(),
        ignored_fields: BTreeMap::new(),
        problems: vec![],
    };
    for (key, entry) in entries.iter().filter(|(key, _)| *key != EXPLANATION) {
        let Some(vendor) = word(entry, "litellm_provider") else {
            imported.leave_out("it names no provider");
            continue;
        };
        let providers = providers_for(project, names, vendor);
        if providers.is_empty() {
            imported.leave_out("the project has no such provider");
            continue;
        }
        if !word(entry, "mode").is_none_or(|mode| MODES.contains(&mode)) {
            imported.leave_out("the gateway has no calls of this mode");
            continue;
        }
        match converted(entry) {
            Ok(None) => imported.leave_out("it has no price for tokens"),
            Ok(Some(model)) => {
                for field in ignored(entry) {
                    *imported.ignored_fields.entry(field.to_string()).or_default() += 1;
                }
                for provider in providers {
                    let name = format!("{provider}/{}", id(key, vendor));
                    match name.parse::<ModelName>() {
                        Ok(name) => drop(models.insert(name.to_string(), model.clone())),
                        Err(error) => imported.problems.push(format!("{key}: {error}")),
                    }
                }
            }
            Err(why) => imported.problems.push(format!("{key}: {why}")),
        }
    }
    imported.models = models.len();
    let digest = Digest::of(table).to_string();
    imported.file = json!({
        "gatemark_prices": 1, "source": source, "sha256": digest, "imported_at": at, "models": models,
    });
    Ok(imported)
}

impl Imported {
    fn leave_out(&mut self, why: &str) {
        *self.left_out.entry(why.to_string()).or_default() += 1;
    }
}

fn word<'a>(entry: &Entry<'a>, name: &str) -> Option<&'a str> {
    entry.get(name).and_then(|raw| serde_json::from_str(raw.get()).ok())
}

/// The project's providers that `vendor` is.
fn providers_for<'p>(
    project: &'p Project,
    names: &BTreeMap<String, String>,
    vendor: &str,
) -> Vec<&'p str> {
    let usual =
        VENDORS.iter().find(|(theirs, _)| *theirs == vendor).map_or(vendor, |(_, ours)| ours);
    let is_it = |name: &&str| match names.get(*name) {
        Some(theirs) => theirs == vendor,
        None => *name == usual || *name == vendor.replace('_', "-"),
    };
    project.providers.keys().map(String::as_str).filter(is_it).collect()
}

/// The vendor's own id: the key without the vendor's name before it.
fn id<'k>(key: &'k str, vendor: &str) -> &'k str {
    let without =
        key.split_once('/').filter(|(first, _)| *first == vendor || vendor.starts_with(*first));
    without.map_or(key, |(_, id)| id)
}

/// A model in our form; `None` if it has no price.
fn converted(entry: &Entry<'_>) -> Result<Option<Value>, String> {
    let mut model = rates(entry, "")?;
    if !model.contains_key("input_usd_per_million") {
        return Ok(None);
    }
    // Embeddings write nothing.
    model.entry("output_usd_per_million").or_insert_with(|| json!("0"));
    let mut tiers = vec![];
    for bound in bounds(entry) {
        let mut tier = rates(entry, &format!("_above_{}k_tokens", bound / 1000))?;
        // What has no price of its own above the bound keeps that below.
        for (_, ours) in RATES {
            if let (false, Some(rate)) = (tier.contains_key(ours), model.get(ours)) {
                tier.insert(ours.to_string(), rate.clone());
            }
        }
        tier.insert("above_input_tokens".to_string(), json!(bound));
        tiers.push(Value::Object(tier));
    }
    let mut batch = rates(entry, "_batches")?;
    if !batch.is_empty() {
        for ours in ["input_usd_per_million", "output_usd_per_million"] {
            if let (false, Some(rate)) = (batch.contains_key(ours), model.get(ours)) {
                batch.insert(ours.to_string(), rate.clone());
            }
        }
        model.insert("batch".to_string(), Value::Object(batch));
    }
    if !tiers.is_empty() {
        model.insert("tiers".to_string(), Value::Array(tiers));
    }
    let requests = ["input_cost_per_request", "output_cost_per_request"];
    if let Some(raw) =
        requests.iter().find_map(|name| entry.get(*name)).filter(|raw| is_number(raw))
    {
        model.insert("request_usd".to_string(), json!(shifted(raw.get(), 0)?));
    }
    for (theirs, ours) in
        [("max_input_tokens", "max_input_tokens"), ("max_output_tokens", "max_output_tokens")]
    {
        let count = entry.get(theirs).and_then(|raw| serde_json::from_str::<u64>(raw.get()).ok());
        if let Some(count) = count.filter(|count| (1..=100_000_000).contains(count)) {
            model.insert(ours.to_string(), json!(count));
        }
    }
    Ok(Some(Value::Object(model)))
}

/// Every rate whose field ends in `suffix`.
fn rates(entry: &Entry<'_>, suffix: &str) -> Result<Map<String, Value>, String> {
    let mut found = Map::new();
    for (theirs, ours) in RATES {
        let field = format!("{theirs}{suffix}");
        let Some(raw) = entry.get(&field).filter(|raw| raw.get() != "null") else { continue };
        let rate = shifted(raw.get(), 6).map_err(|why| format!("`{field}` {why}"))?;
        found.insert(ours.to_string(), json!(rate));
    }
    Ok(found)
}

/// The bounds of tiers, from fields that end in `_above_200k_tokens`.
fn bounds(entry: &Entry<'_>) -> Vec<u64> {
    let bound = |name: &String| {
        let (field, rest) = name.split_once("_above_")?;
        let known = RATES.iter().any(|(theirs, _)| *theirs == field);
        let thousands: u64 = rest.strip_suffix("k_tokens").filter(|_| known)?.parse().ok()?;
        thousands.checked_mul(1000).filter(|bound| (1..=100_000_000).contains(bound))
    };
    let mut found: Vec<u64> = entry.keys().filter_map(bound).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Fields with prices that nothing here reads.
fn ignored<'e>(entry: &'e Entry<'_>) -> impl Iterator<Item = &'e str> {
    let is_read = |name: &str| {
        let (field, suffix) = match name.split_once("_above_").filter(|(_, rest)| *rest != "1hr") {
            Some((field, rest)) => (field, rest.ends_with("k_tokens")),
            None => (name.strip_suffix("_batches").unwrap_or(name), true),
        };
        (suffix && RATES.iter().any(|(theirs, _)| *theirs == field))
            || name.ends_with("_cost_per_request")
    };
    let is_price = |name: &str| name.contains("cost");
    let nothing = |raw: &RawValue| matches!(raw.get(), "null" | "0" | "0.0");
    entry
        .iter()
        .filter(move |(name, raw)| is_price(name) && !is_read(name) && !nothing(raw))
        .map(|(name, _)| name.as_str())
}

fn is_number(raw: &RawValue) -> bool {
    raw.get().starts_with(|c: char| c.is_ascii_digit())
}

/// The decimal that a JSON number's text times ten to the power of `places` is, if it is an amount of
/// dollars of at most nine decimals.
fn shifted(number: &str, places: i32) -> Result<String, String> {
    let odd = || format!("is {number}, which is no price");
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i32 = exponent.parse().map_err(|_| odd())?;
    let digits = format!("{whole}{decimals}");
    if digits.is_empty() || digits.len() > 40 || !digits.bytes().all(|c| c.is_ascii_digit()) {
        return Err(odd());
    }
    let digits_after = i32::try_from(decimals.len()).map_err(|_| odd())?;
    // The value is `digits` times ten to the power of `power`.
    let power = exponent.saturating_add(places).saturating_sub(digits_after);
    let significant = digits.trim_start_matches('0');
    let trimmed = significant.trim_end_matches('0');
    if trimmed.is_empty() {
        return Ok("0".to_string());
    }
    let dropped = i32::try_from(significant.len() - trimmed.len()).unwrap_or(0);
    let power = power.saturating_add(dropped);
    if power < -9 {
        return Err(format!(
            "is {number}, which has more decimals than a nano-dollar for a million tokens"
        ));
    }
    if power > 12 {
        return Err(odd());
    }
    let (before, after) = match usize::try_from(power) {
        Ok(zeros) => (format!("{trimmed}{}", "0".repeat(zeros)), String::new()),
        Err(_) => {
            let after = usize::try_from(-power).map_err(|_| odd())?;
            let padded = format!("{trimmed:0>width$}", width = after + 1);
            let (before, after) = padded.split_at(padded.len() - after);
            (before.to_string(), format!(".{after}"))
        }
    };
    let moved = before + &after;
    // What our own files could not hold is no price either.
    NanoUsd::from_usd_text(&moved).map(|_| moved).ok_or_else(odd)
}

#[cfg(test)]
mod tests;
