//! What judges and embeddings cost, foretold and capped.

use crate::lanes::{judged, reply};
use crate::support::run_in;
use crate::upstream::Upstream;

const TEST: &[&str] = &["test", "shop/echo"];

/// A vendor, and its configuration with a price for the embedding model, too.
fn vendor() -> (Upstream, String) {
    let upstream = Upstream::start(|request, _| Ok(reply(request)));
    let config = upstream.config();
    let priced = "models:\n  mock/e: {input_usd_per_million: 1, output_usd_per_million: 0}\n";
    let config = config.replace("models:\n", priced);
    (upstream, config)
}

#[test]
fn the_estimate_counts_judges_and_embeddings() {
    let (_upstream, config) = vendor();
    let folder = judged(&config);
    // Of each case three votes, two in both orders and one embedding.
    let told = run_in(folder.path(), TEST).exits(0);
    told.complains(&["2 calls and 16 of judges and embedding models", "about $"]);
    // What is read is most of the cost here: nine in ten calls are the judges', with longer prompts.
    let words = told.err.split("about $").nth(1).unwrap().split_whitespace().next().unwrap();
    let input: f64 = words.parse().unwrap();
    assert!(input > 0.0028, "${input} for 14 judge calls of over 200 tokens at $1 a million");
}

#[test]
fn a_judge_or_embedder_without_a_price_cannot_be_capped() {
    let (upstream, config) = vendor();
    let capped = [TEST, &["--max-cost", "5"]].concat();
    let folder = judged(&upstream.config());
    run_in(folder.path(), &capped).exits(2).complains(&[
        "2 of its calls",
        "mock/e",
        "without a price",
    ]);
    let suite = folder.path().join("prompts/shop/echo/suite.yaml");
    let text = std::fs::read_to_string(&suite).unwrap();
    let text =
        text.replace("{prompt: judges/rubric,", "{prompt: judges/rubric, model: mock/judge,");
    std::fs::write(suite, text).unwrap();
    run_in(folder.path(), &["push"]).exits(0);
    run_in(folder.path(), &capped).exits(2).complains(&["8 of its calls", "mock/e, mock/judge"]);
    assert_eq!(upstream.asked(), 0);
    let folder = judged(&config);
    run_in(folder.path(), &capped).exits(0).says(&["2/2"]);
}

#[test]
fn what_judges_are_expected_to_cost_keeps_rows_from_the_cap() {
    let (upstream, config) = vendor();
    let folder = judged(&config);
    // A row costs 8 calls of $0.00012 and an embedding of $0.00002: one fits, two do not.
    let stopped = run_in(folder.path(), &[TEST, &["--max-cost", "0.0015"]].concat()).exits(1);
    stopped.complains(&["stopped at the cap of $0.0015"]);
    assert!(upstream.asked() <= 9, "{} calls", upstream.asked());
}
