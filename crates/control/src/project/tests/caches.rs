//! `caches:` and `prompt_cache`, right and wrong.

use std::time::Duration;

use gatemark_core::cache::{About, Share};

use super::{CONFIG, Files, check, load_config};

fn with(more: &str) -> String {
    format!("{CONFIG}{more}")
}

#[test]
fn caches_as_people_write_them() {
    let mut files = Files::new();
    let text = with(
        "caches:
  faq: {prompt: support/*, environment: staging, ttl: 10m, share: all, max_bytes: 2MiB,
    similar: {embedder: sim/vectors, threshold: 0.97, max_entries: 500}}
  rest: {model: openai/*, ttl: 90s}
  one: {prompt: support/triage, ttl: 1h}
prompt_cache: off
",
    );
    files.insert("gatemark.yaml", text.as_str());
    let (project, problems) = load_config(&files);
    assert!(problems.is_empty(), "{problems:?}");
    let caching = project.unwrap().caching;
    assert!(!caching.prompt_cache);
    let [faq, rest, one] = caching.caches.as_slice() else { panic!("{caching:?}") };
    let environment = Some("staging".parse().unwrap());
    assert_eq!(faq.about, About::Prompts { pattern: "support/*".into(), environment });
    assert_eq!(
        (faq.ttl, faq.share, faq.max_bytes),
        (Duration::from_secs(600), Share::All, 2 << 20)
    );
    let similar = faq.similar.as_ref().unwrap();
    assert_eq!((similar.embedder.as_str(), similar.max_entries), ("sim/vectors", 500));
    assert!((similar.threshold - 0.97).abs() < 1e-6);
    assert_eq!(rest.about, About::Models("openai/*".into()));
    assert_eq!((rest.share, rest.max_bytes), (Share::Caller, 64 << 20));
    assert_eq!(one.about, About::Prompts { pattern: "support/triage".into(), environment: None });
}

#[test]
fn without_a_word_nothing_is_kept_and_prompts_are_marked() {
    let mut files = Files::new();
    files.insert("gatemark.yaml", CONFIG);
    let caching = load_config(&files).0.unwrap().caching;
    assert!(caching.caches.is_empty() && caching.prompt_cache);
}

#[test]
fn mistakes_in_caches() {
    let text = with(
        "caches:
  By_Request: {prompt: '*', ttl: 1m}
  by-request: {prompt: '*', ttl: 1m}
  both: {prompt: a/b, model: sim/x, ttl: 1m}
  none: {ttl: 1m}
  odd: {prompt: support, ttl: 1m}
  far: {prompt: a/b, environment: moon, ttl: 1m}
  cold: {prompt: a/b, ttl: 25h}
  big: {prompt: a/b, ttl: 1m, max_bytes: 1KiB}
  bare: {prompt: a/b, ttl: 1m, max_bytes: 64}
  who: {model: opennai/*, ttl: 1m}
  where: {model: sim/*, environment: production, ttl: 1m}
  like: {model: sim/*, ttl: 1m, similar: {embedder: sim/v, threshold: 0.95}}
  low: {prompt: a/b, ttl: 1m, similar: {embedder: vectors, threshold: 0.5}}
prompt_cache: on
",
    );
    check(
        &[("/gatemark.yaml", &text)],
        &[
            "gatemark.yaml:8:3: error: `By_Request` cannot be the name of a cache (write lower-case letters, digits and hyphens; `by-request` is taken)",
            "gatemark.yaml:9:3: error: `by-request` cannot be the name of a cache (write lower-case letters, digits and hyphens; `by-request` is taken)",
            "gatemark.yaml:10:18: error: a cache is about a `prompt` or a `model` (write one of the two)",
            "gatemark.yaml:11:9: error: a cache is about a `prompt` or a `model` (write one of the two)",
            "gatemark.yaml:12:17: error: `support` means no calls (write `service/name`, `service/*` or `*`)",
            "gatemark.yaml:13:35: error: the environment `moon` does not exist (write one of production, staging)",
            "gatemark.yaml:14:28: error: `ttl` must be from 1ms to 24h (change the number)",
            "gatemark.yaml:15:42: error: `max_bytes` must be from 64KiB to 64GiB (change the number)",
            "gatemark.yaml:16:43: error: `max_bytes` must be a size, not a number (write a whole number and its unit: `512KiB`, `64MiB` or `2GiB`)",
            "gatemark.yaml:17:16: error: no provider `opennai` is configured (did you mean `openai`?)",
            "gatemark.yaml:18:38: error: plain calls to models have no environment (remove `environment`)",
            "gatemark.yaml:19:42: error: only prompts can be compared by meaning: their variables are (remove `similar`, or make the cache about a `prompt`)",
            "gatemark.yaml:20:51: error: \"vectors\" is not a valid model name…",
            "gatemark.yaml:20:71: warning: a `threshold` of 0.5 takes other questions for the same…",
            "gatemark.yaml:21:15: error: `prompt_cache` must be one of auto, off, not `on` (write one of these words)",
        ],
    );
}
