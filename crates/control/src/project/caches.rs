//! `caches:` and `prompt_cache` of the project: which answers are given again.

use std::time::Duration;

use gatemark_core::cache::{About, Cache, Caching, DEFAULT_BYTES, MOST_COMPARED, Share, Similar};
use gatemark_core::id::{EnvironmentName, ModelName, PromptName};

use super::node::{Key, Node, Value};
use super::problems::Problems;
use super::reader::{Fields, entries, shown, wrong};
use super::{models, typed};

const SHARE: [(&str, Share); 2] = [("caller", Share::Caller), ("all", Share::All)];
const PROMPT_CACHE: [(&str, bool); 2] = [("auto", true), ("off", false)];

/// Names that the gateway uses for caches of its own.
const TAKEN: &str = "by-request";

/// Least and most bytes of a cache.
const BYTES: (u64, u64) = (64 << 10, 64 << 30);

/// Below this, questions of another meaning are likely to be taken for the same.
const LOW: f64 = 0.9;

/// What caches may refer to.
pub(super) struct Known<'a> {
    pub(super) providers: &'a [&'a str],
    pub(super) environments: &'a [&'a EnvironmentName],
}

/// Reads both fields of the configuration.
pub(super) fn read(fields: &mut Fields<'_>, known: &Known<'_>, problems: &mut Problems) -> Caching {
    let mut caching = Caching::default();
    let listed = fields.get("caches", problems);
    let listed = listed.and_then(|node| entries(node, "`caches`", problems)).unwrap_or_default();
    for (key, node) in listed {
        caching.caches.extend(cache(key, node, known, problems));
    }
    let word = fields.get("prompt_cache", problems);
    let word = word.and_then(|node| typed::word(node, "`prompt_cache`", &PROMPT_CACHE, problems));
    caching.prompt_cache = word.unwrap_or(caching.prompt_cache);
    caching
}

fn cache(key: &Key, node: &Node, known: &Known<'_>, problems: &mut Problems) -> Option<Cache> {
    let sound = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if key.name.is_empty() || !key.name.chars().all(sound) || key.name == TAKEN {
        let message = format!("`{}` cannot be the name of a cache", shown(&key.name));
        let hint = "write lower-case letters, digits and hyphens; `by-request` is taken";
        problems.error(&key.spot, message, hint);
        return None;
    }
    let mut fields = Fields::open(node, "a cache", problems)?;
    let about = about(&mut fields, known, problems);
    let ttl = fields.required("ttl", problems);
    let ttl = ttl.and_then(|node| typed::duration(node, "`ttl`", 1, problems));
    let share = fields.get("share", problems);
    let share = share.and_then(|node| typed::word(node, "`share`", &SHARE, problems));
    let max_bytes = fields.get("max_bytes", problems);
    let max_bytes = max_bytes.and_then(|node| bytes(node, "`max_bytes`", problems));
    let written = fields.get("similar", problems);
    let similar = written.and_then(|node| similar(node, known, problems));
    if let (Some(node), Some(About::Models(_))) = (written, &about) {
        let message = "only prompts can be compared by meaning: their variables are";
        problems.error(&node.spot, message, "remove `similar`, or make the cache about a `prompt`");
    }
    fields.close(problems);
    Some(Cache {
        name: key.name.clone(),
        about: about?,
        ttl: Duration::from_millis(ttl?),
        share: share.unwrap_or_default(),
        max_bytes: max_bytes.unwrap_or(DEFAULT_BYTES),
        similar,
    })
}

fn about(fields: &mut Fields<'_>, known: &Known<'_>, problems: &mut Problems) -> Option<About> {
    let prompt = fields.get("prompt", problems);
    let model = fields.get("model", problems);
    let environment = fields.get("environment", problems);
    let place = environment.and_then(|node| place(node, known, problems));
    match (prompt, model) {
        (Some(node), None) => {
            let text = typed::words(node, "`prompt`", problems)?;
            let sound = |text: &str| text.parse::<PromptName>().is_ok();
            let hint = "write `service/name`, `service/*` or `*`";
            let pattern = pattern(node, text, sound, hint, problems)?;
            Some(About::Prompts { pattern, environment: place })
        }
        (None, Some(node)) => {
            let text = typed::words(node, "`model`", problems)?;
            let sound = |text: &str| text.parse::<ModelName>().is_ok();
            let hint = "write `provider/model`, `provider/*` or `*`";
            let pattern = pattern(node, text, sound, hint, problems)?;
            if let Some(environment) = environment {
                let message = "plain calls to models have no environment";
                problems.error(&environment.spot, message, "remove `environment`");
            }
            if let Ok(name) = text.replace('*', "x").parse::<ModelName>()
                && text.contains('/')
            {
                let providers = known.providers.iter().copied();
                models::known_provider(providers, &name, &node.spot, problems);
            }
            Some(About::Models(pattern))
        }
        (both, _) => {
            let spot = both.map_or(fields.spot(), |node| &node.spot);
            let message = "a cache is about a `prompt` or a `model`";
            problems.error(spot, message, "write one of the two");
            None
        }
    }
}

/// A name, or a beginning before a star, at a slash.
fn pattern(
    node: &Node,
    text: &str,
    sound: impl Fn(&str) -> bool,
    hint: &str,
    problems: &mut Problems,
) -> Option<String> {
    let fits = text == "*"
        || sound(text)
        || text.strip_suffix("/*").is_some_and(|beginning| sound(&format!("{beginning}/x")));
    if !fits {
        let message = format!("`{}` means no calls", shown(text));
        problems.error(&node.spot, message, hint);
    }
    fits.then(|| text.to_string())
}

fn place(node: &Node, known: &Known<'_>, problems: &mut Problems) -> Option<EnvironmentName> {
    let text = typed::words(node, "`environment`", problems)?;
    let found = known.environments.iter().find(|name| name.as_str() == text);
    if found.is_none() {
        let names: Vec<&str> = known.environments.iter().map(|name| name.as_str()).collect();
        let message = format!("the environment `{}` does not exist", shown(text));
        problems.error(&node.spot, message, format!("write one of {}", names.join(", ")));
    }
    found.map(|name| (*name).clone())
}

fn similar(node: &Node, known: &Known<'_>, problems: &mut Problems) -> Option<Similar> {
    let mut fields = Fields::open(node, "`similar`", problems)?;
    let embedder = fields.required("embedder", problems).and_then(|node| {
        let text = typed::words(node, "`embedder`", problems)?;
        match text.parse::<ModelName>() {
            Ok(name) => {
                let providers = known.providers.iter().copied();
                models::known_provider(providers, &name, &node.spot, problems);
                Some(name)
            }
            Err(error) => {
                problems.error(&node.spot, error.to_string(), "write `provider/model`");
                None
            }
        }
    });
    let threshold = fields.required("threshold", problems).and_then(|node| {
        let value = typed::number(node, "`threshold`", (0.0, 1.0), problems)?;
        if value < LOW {
            let message = format!("a `threshold` of {value} takes other questions for the same");
            let hint = "start at 0.97, and lower it only as far as answers to pairs of your own cases agree";
            problems.warn(&node.spot, message, hint);
        }
        Some(value)
    });
    let most = fields.get("max_entries", problems);
    let most = most.and_then(|node| {
        typed::whole(node, "`max_entries`", (1, u64::from(MOST_COMPARED)), problems)
    });
    fields.close(problems);
    #[allow(clippy::cast_possible_truncation)] // A share loses digits that no embedder has.
    let threshold = threshold? as f32;
    let max_entries = most.and_then(|most| u32::try_from(most).ok()).unwrap_or(MOST_COMPARED);
    Some(Similar { embedder: embedder?, threshold, max_entries })
}

/// A number of bytes with its unit.
fn bytes(node: &Node, what: &str, problems: &mut Problems) -> Option<u64> {
    let hint = "write a whole number and its unit: `512KiB`, `64MiB` or `2GiB`";
    let Value::Text(text) = &node.value else {
        return wrong(node, what, "a size", hint, problems);
    };
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit()).len();
    let (count, unit) = text.split_at_checked(digits).unwrap_or_default();
    let factor: Option<u64> = match unit {
        "KiB" => Some(1 << 10),
        "MiB" => Some(1 << 20),
        "GiB" => Some(1 << 30),
        _ => None,
    };
    let Some((count, factor)) = count.parse::<u64>().ok().zip(factor) else {
        problems.error(&node.spot, format!("{what} is not a size"), hint);
        return None;
    };
    let size = count.saturating_mul(factor);
    if !(BYTES.0..=BYTES.1).contains(&size) {
        let message = format!("{what} must be from 64KiB to 64GiB");
        problems.error(&node.spot, message, "change the number");
        return None;
    }
    Some(size)
}
