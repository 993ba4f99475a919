//! Prices: those of `models:` in the configuration, and the file of imported ones that it names.
//!
//! Both have the same fields. What the configuration says about a model's price replaces the imported
//! price whole: a mixture would be a price that nobody has.

use std::collections::BTreeMap;
use std::sync::Arc;

use gatemark_core::id::ModelName;
use gatemark_core::model::Model;
use gatemark_core::money::NanoUsd;
use gatemark_core::price::{Price, Rates, Terms, Tier};

use super::files::Files;
use super::node::{Node, Value};
use super::problems::Problems;
use super::reader::{Fields, entries, items};
use super::source::Spot;
use super::{document, typed};

/// Largest file of prices, in bytes: LiteLLM's whole table takes about one megabyte in this form.
const LARGEST: usize = 8 << 20;

/// The form of the file that this program writes and reads.
pub(super) const FORM: u64 = 1;

/// What is said about one model.
#[derive(Default)]
pub(super) struct Said {
    pub(super) price: Option<Arc<Price>>,
    pub(super) pinned: bool,
    pub(super) max_input: Option<u64>,
    pub(super) max_output: Option<u64>,
    pub(super) context_window: Option<u64>,
    pub(super) token_margin: Option<u32>,
    pub(super) ends_at: Option<i64>,
}

impl Said {
    /// As the project's model.
    pub(super) fn into_model(self, name: ModelName) -> Model {
        let Self { price, pinned, max_input, max_output, context_window, token_margin, ends_at } =
            self;
        Model { name, price, pinned, max_input, max_output, context_window, token_margin, ends_at }
    }
}

/// Reads a model's entry.
pub(super) fn model(node: &Node, problems: &mut Problems) -> Said {
    let Some(mut fields) = Fields::open(node, "a model", problems) else { return Said::default() };
    let rates = rates(&mut fields, None, problems);
    let request = dollars(&mut fields, "request_usd", problems);
    let tiers = fields.get("tiers", problems);
    let tiers = tiers.map(|node| read_tiers(node, problems)).unwrap_or_default();
    let batch = fields.get("batch", problems);
    let batch = batch.and_then(|node| read_rates(node, "`batch`", problems));
    let pinned = fields.get("pinned", problems);
    let pinned = pinned.and_then(|node| typed::boolean(node, "`pinned`", problems));
    let mut bound = |name, what| {
        let node = fields.get(name, problems)?;
        typed::whole(node, what, (1, 100_000_000), problems)
    };
    let max_input = bound("max_input_tokens", "`max_input_tokens`");
    let max_output = bound("max_output_tokens", "`max_output_tokens`");
    let context_window = bound("context_window", "`context_window`");
    let token_margin = fields.get("token_margin_percent", problems).and_then(|node| {
        let margin = typed::whole(node, "`token_margin_percent`", (0, 200), problems)?;
        u32::try_from(margin).ok()
    });
    let ends_at = fields.get("deprecated_on", problems);
    let ends_at = ends_at.and_then(|node| typed::day(node, "`deprecated_on`", problems));
    fields.close(problems);
    let beside = request.is_some() || batch.is_some() || !tiers.is_empty();
    if rates.is_none() && beside {
        let message = "a price needs both `input_usd_per_million` and `output_usd_per_million`";
        problems.error(&node.spot, message, "add the missing ones");
    }
    let request = request.unwrap_or_default();
    let price = rates.map(|rates| Arc::new(Price::new(Terms { rates, tiers, request, batch })));
    let pinned = pinned.unwrap_or_default();
    Said { price, pinned, max_input, max_output, context_window, token_margin, ends_at }
}

fn read_tiers(node: &Node, problems: &mut Problems) -> Vec<Tier> {
    let mut found: Vec<Tier> = vec![];
    for node in items(node, "`tiers`", problems).unwrap_or_default() {
        let Some(mut fields) = Fields::open(node, "a tier", problems) else { continue };
        let above = fields.required("above_input_tokens", problems);
        let above = above.and_then(|node| {
            typed::whole(node, "`above_input_tokens`", (1, 100_000_000), problems)
        });
        let rates = rates(&mut fields, Some("a tier"), problems);
        fields.close(problems);
        let (Some(above), Some(rates)) = (above, rates) else { continue };
        if found.iter().any(|tier| tier.above == above) {
            let message = format!("there are two tiers above {above} tokens");
            problems.error(&node.spot, message, "remove one of the two");
        }
        found.push(Tier { above, rates });
    }
    found
}

fn read_rates(node: &Node, what: &'static str, problems: &mut Problems) -> Option<Rates> {
    let mut fields = Fields::open(node, what, problems)?;
    let rates = rates(&mut fields, Some(what), problems);
    fields.close(problems);
    rates
}

/// The rates among `fields`, if there are any or if `needed` says who cannot be without.
fn rates(fields: &mut Fields<'_>, needed: Option<&str>, problems: &mut Problems) -> Option<Rates> {
    let mut rate = |name| dollars(fields, name, problems);
    let input = rate("input_usd_per_million");
    let output = rate("output_usd_per_million");
    let optional = [
        rate("cached_input_usd_per_million"),
        rate("cache_write_usd_per_million"),
        rate("cache_write_1h_usd_per_million"),
        rate("reasoning_usd_per_million"),
        rate("audio_input_usd_per_million"),
        rate("audio_output_usd_per_million"),
    ];
    let any = optional.iter().flatten().next().or(input.as_ref()).or(output.as_ref()).is_some();
    let Some((input, output)) = input.zip(output) else {
        if any || needed.is_some() {
            let message = "a price needs both `input_usd_per_million` and `output_usd_per_million`";
            problems.error(fields.spot(), message, "add the missing one");
        }
        return None;
    };
    let [cached_input, cache_write, cache_write_1h, reasoning, audio_input, audio_output] =
        optional;
    Some(Rates {
        input,
        output,
        cached_input,
        cache_write,
        cache_write_1h,
        reasoning,
        audio_input,
        audio_output,
    })
}

/// An amount, written as a number or, in files of programs, as text.
fn dollars(
    fields: &mut Fields<'_>,
    name: &'static str,
    problems: &mut Problems,
) -> Option<NanoUsd> {
    let node = fields.get(name, problems)?;
    let what = format!("`{name}`");
    // A bad amount is reported; zero keeps the model priced, so that this causes no further report.
    if let Value::Text(text) = &node.value
        && let Some(amount) = NanoUsd::from_usd_text(text)
    {
        return Some(amount);
    }
    Some(typed::money(node, &what, problems).unwrap_or_default())
}

/// Reads the file of imported prices that the configuration names.
pub(super) fn imported(
    files: &Files,
    (path, spot): (&str, &Spot),
    providers: &[&str],
    problems: &mut Problems,
) -> BTreeMap<ModelName, Model> {
    let mut found = BTreeMap::new();
    if !files.contains(path) {
        let message = format!("there is no file {path}");
        problems.error(spot, message, "make it with `gatemark prices import`, or remove the line");
        return found;
    }
    let Some(node) = document::open(files, path, LARGEST, problems) else { return found };
    let Some(mut fields) = Fields::open(&node, "a file of prices", problems) else { return found };
    let form = fields.required("gatemark_prices", problems);
    form.and_then(|node| typed::whole(node, "`gatemark_prices`", (FORM, FORM), problems));
    for name in ["source", "sha256", "imported_at"] {
        fields.pass(name);
    }
    let models = fields.required("models", problems);
    let models = models.and_then(|node| entries(node, "`models`", problems)).unwrap_or_default();
    for (key, node) in models {
        match key.name.parse::<ModelName>() {
            // Prices of providers that the project has not are of no use, and no mistake.
            Ok(name) if !providers.contains(&name.provider()) => {}
            Ok(name) => {
                let model = model(node, problems).into_model(name.clone());
                found.insert(name, model);
            }
            Err(error) => problems.error(&key.spot, error.to_string(), "import the prices again"),
        }
    }
    fields.close(problems);
    found
}
