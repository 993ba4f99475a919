//! On entries in the shapes that the table has.

use gatemark_core::model::Usage;
use proptest::prelude::*;

use super::*;
use crate::project::{Files, load_config};

const CONFIG: &str = "name: x\nproviders:\n  openai: {}\n  anthropic: {}\n  mine: {protocol: openai, base_url: \"http://localhost:1/v1\"}\nprices: prices.json\n";

const TABLE: &str = r#"{
    "sample_spec": {"litellm_provider": "one of", "input_cost_per_token": 0.0},
    "gpt-4o": {"litellm_provider": "openai", "mode": "chat", "max_input_tokens": 128000, "max_output_tokens": 16384,
        "input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05, "cache_read_input_token_cost": 1.25e-06,
        "input_cost_per_token_batches": 1.25e-06, "output_cost_per_token_batches": 5e-06,
        "search_context_cost_per_query": {"low": 0.03}},
    "claude-sonnet-4-5": {"litellm_provider": "anthropic", "mode": "chat",
        "input_cost_per_token": 3e-06, "output_cost_per_token": 1.5e-05,
        "cache_creation_input_token_cost": 3.75e-06, "cache_creation_input_token_cost_above_1hr": 6e-06,
        "cache_read_input_token_cost": 3e-07,
        "input_cost_per_token_above_200k_tokens": 6e-06, "output_cost_per_token_above_200k_tokens": 2.25e-05},
    "groq/llama": {"litellm_provider": "groq", "mode": "chat", "input_cost_per_token": 5.9e-07, "output_cost_per_token": 7.9e-07},
    "text-embedding-3-small": {"litellm_provider": "openai", "mode": "embedding", "input_cost_per_token": 2e-08, "output_cost_per_token": 0.0},
    "dall-e-3": {"litellm_provider": "openai", "mode": "image_generation", "input_cost_per_pixel": 3.81469e-08},
    "openai/free": {"litellm_provider": "openai", "mode": "chat"},
    "odd": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1.2345678901234567e-06, "output_cost_per_token": 1e-05}
}"#;

fn taken(names: &[(&str, &str)]) -> (Imported, Project) {
    let bare = Files::from_iter([(
        "gatemark.yaml".to_string(),
        CONFIG.replace("prices: prices.json\n", "").into_bytes(),
    )]);
    let project = load_config(&bare).0.unwrap();
    let names = names.iter().map(|(ours, theirs)| (ours.to_string(), theirs.to_string())).collect();
    let imported =
        import(TABLE.as_bytes(), &project, &names, ("table.json", "2026-11-21")).unwrap();
    let file = serde_json::to_vec(&imported.file).unwrap();
    let files = Files::from_iter([
        ("gatemark.yaml".to_string(), CONFIG.as_bytes().to_vec()),
        ("prices.json".to_string(), file),
    ]);
    let (project, problems) = load_config(&files);
    assert!(problems.is_empty(), "{problems:?}");
    (imported, project.unwrap())
}

#[test]
fn the_project_reads_what_was_imported() {
    let (imported, project) = taken(&[("mine", "groq")]);
    let price = |name: &str| project.price(&name.parse().unwrap()).unwrap();
    let cost = |name: &str, usage: Usage| price(name).of(&usage).0;
    let plain = Usage { input: 1000, output: 100, ..Usage::default() };
    assert_eq!(cost("openai/gpt-4o", plain), 1000 * 2500 + 100 * 10_000);
    assert_eq!(price("openai/gpt-4o").of_batch(&plain), Some(NanoUsd(1000 * 1250 + 100 * 5000)));
    assert_eq!(project.models[&"openai/gpt-4o".parse().unwrap()].max_output, Some(16_384));
    let claude = "anthropic/claude-sonnet-4-5";
    let written = Usage { input: 1000, cache_write: 900, cache_write_1h: 300, ..Usage::default() };
    assert_eq!(cost(claude, written), 100 * 3000 + 600 * 3750 + 300 * 6000);
    let long = Usage { input: 200_001, cached_input: 1, output: 1, ..Usage::default() };
    assert_eq!(cost(claude, long), 200_000 * 6000 + 300 + 22_500);
    assert_eq!(cost("mine/llama", plain), 1000 * 590 + 100 * 790);
    assert_eq!(cost("openai/text-embedding-3-small", plain), 20_000);
    assert_eq!(imported.models, 4);
}

#[test]
fn what_is_left_out_is_told() {
    let (imported, project) = taken(&[]);
    assert!(!project.models.contains_key(&"mine/llama".parse().unwrap()));
    let left_out: Vec<(&str, usize)> =
        imported.left_out.iter().map(|(why, n)| (why.as_str(), *n)).collect();
    assert_eq!(
        left_out,
        [
            ("it has no price for tokens", 1),
            ("the gateway has no calls of this mode", 1),
            ("the project has no such provider", 1),
        ]
    );
    assert_eq!(
        imported.ignored_fields.keys().collect::<Vec<_>>(),
        ["search_context_cost_per_query"]
    );
    assert!(
        imported.problems[0].starts_with("odd: `input_cost_per_token` is 1.2345678901234567e-06")
    );
}

#[test]
fn decimals_are_moved_exactly() {
    for (number, wanted) in [
        ("1.5e-07", "0.15"),
        ("3e-06", "3"),
        ("0.00000015", "0.15"),
        ("0.0", "0"),
        ("2e-05", "20"),
        ("1E-6", "1"),
        ("0", "0"),
        ("1.0e+0", "1000000"),
        ("0.000000000000001", "0.000000001"),
        ("10.50e-06", "10.5"),
    ] {
        assert_eq!(shifted(number, 6).as_deref(), Ok(wanted), "{number}");
    }
    for bad in ["-1e-06", "1e-16", "x", "\"3\"", "{}", "1e99", "1e999999999999", ".", "1e"] {
        assert!(shifted(bad, 6).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn any_decimal_is_exact_or_refused(units in 0_u64..1_000_000_000, places in 0_u32..18) {
        let text = format!("{units}e-{places}");
        if let Ok(moved) = shifted(&text, 6) {
            let nanos = i128::from(NanoUsd::from_usd_text(&moved).unwrap().0);
            // units · 10^(6 - places) dollars are nanos · 10^-9 dollars.
            prop_assert_eq!(i128::from(units) * 10_i128.pow(15), nanos * 10_i128.pow(places));
        }
    }

    #[test]
    fn no_table_is_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let bare = Files::from_iter([("gatemark.yaml".to_string(), CONFIG.replace("prices: prices.json\n", "").into_bytes())]);
        let project = load_config(&bare).0.unwrap();
        drop(import(&bytes, &project, &BTreeMap::new(), ("t", "d")));
    }
}
