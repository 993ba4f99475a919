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

const LABELS: &str = "{\"id\": \"1\", \"answer\": \"x\", \"label\": \"pass\"}\n\
                      {\"id\": \"2\", \"answer\": \"y\", \"label\": \"fail\"}\n";

/// Arguments, with `cap` as the most to spend.
fn capped<'a>(arguments: &[&'a str], cap: &'a str) -> Vec<&'a str> {
    [arguments, &["--max-cost", cap]].concat()
}

#[test]
fn comparisons_and_calibrations_keep_to_a_cap() {
    let (upstream, config) = vendor();
    let priced = "models:\n  mock/n: {input_usd_per_million: 1, output_usd_per_million: 2}\n";
    let folder = judged(&config.replace("models:\n", priced));
    let compare =
        ["compare", "shop/echo", "--models", "mock/m,mock/n", "--judge", "judges/pairwise"];
    std::fs::write(folder.path().join("labels.jsonl"), LABELS).unwrap();
    let calibrate = ["judge", "calibrate", "judges/rubric", "--labels", "labels.jsonl"];
    run_in(folder.path(), &capped(&compare, "0.000001"))
        .exits(1)
        .complains(&["stopped at the cap"]);
    run_in(folder.path(), &capped(&calibrate, "0.000001")).exits(1).complains(&[
        "stopped at the cap",
        "2 of 2 labels",
        "nothing is kept",
    ]);
    assert_eq!(upstream.asked(), 0);
    run_in(folder.path(), &["judge", "list"]).exits(0).says(&["not calibrated"]);
    run_in(folder.path(), &capped(&compare, "5")).exits(0).says(&["TIES"]);
    run_in(folder.path(), &capped(&calibrate, "5")).exits(0).says(&["2 labels"]);
    assert_eq!(upstream.asked(), 2 * (2 + 2) + 2 * 3);
    let unpriced = "mock/m,mock/unpriced";
    let compare = ["compare", "shop/echo", "--models", unpriced, "--judge", "judges/pairwise"];
    run_in(folder.path(), &capped(&compare, "5"))
        .exits(2)
        .complains(&["mock/unpriced", "without a price"]);
    let calibrate = [&calibrate[..], &["--model", "mock/unpriced"]].concat();
    run_in(folder.path(), &capped(&calibrate, "5")).exits(2).complains(&["without a price"]);
}

#[test]
fn a_comparison_that_is_cut_short_shows_what_is_done() {
    let (_upstream, config) = vendor();
    // Judging and answering are far dearer than foretold: the vendor counts 100 tokens for a word.
    let dear = "models:\n  mock/n: {input_usd_per_million: 1000, output_usd_per_million: 0}\n";
    let folder = judged(&config.replace("models:\n", dear));
    let compare = [
        "compare",
        "shop/echo",
        "--models",
        "mock/m,mock/n",
        "--judge",
        "judges/pairwise",
        "--concurrency",
        "1",
        "--json",
    ];
    // A case costs over $0.1, of which under $0.02 is expected.
    let told = run_in(folder.path(), &capped(&compare, "0.15")).exits(1);
    told.complains(&["stopped at the cap of $0.15", "1 of 2 cases are not compared"]);
    let pair = &told.json()["pairs"][0];
    assert_eq!((&pair["ties"], &pair["unjudged"]), (&1.into(), &1.into()));
}

#[test]
fn judges_see_the_system_messages() {
    let seen = std::sync::Arc::new(std::sync::Mutex::new(vec![]));
    let heard = seen.clone();
    let upstream = Upstream::start(move |request, _| {
        heard.lock().unwrap().push(request["messages"].to_string());
        Ok(reply(request))
    });
    let folder = judged(&upstream.config());
    let prompts = folder.path().join("prompts");
    for judge in ["judges/pairwise", "judges/rubric"] {
        let path = prompts.join(judge).join("prompt.yaml");
        let text = std::fs::read_to_string(&path).unwrap();
        let text =
            text.replace("variables:\n", "variables:\n  system: {type: string, default: none}\n");
        let text = text
            .replace("    text: |-\n", "    text: |-\n      RULES {{ system | tojson }}\n")
            .replace("version: 1.0.0", "version: 1.1.0");
        std::fs::write(path, text).unwrap();
    }
    let echo = prompts.join("shop/echo/prompt.yaml");
    let write = |version: &str, system: &str| {
        let text = format!(
            "version: {version}\nvariables: {{say: string}}\nmessages:\n  - {{role: system, text: {system}}}\n  \
             - {{role: user, text: \"{{{{ say }}}}\"}}\nmodels: [{{model: mock/m}}]\nchangelog: Next.\n"
        );
        std::fs::write(&echo, text).unwrap();
        run_in(folder.path(), &["push"]).exits(0);
    };
    write("2.0.0", "Be kind.");
    write("3.0.0", "Be brief.");
    let compare = ["compare", "shop/echo@2.0.0", "shop/echo@3.0.0", "--judge", "judges/pairwise"];
    run_in(folder.path(), &compare).exits(0);
    let told = |part: &str| seen.lock().unwrap().iter().filter(|text| text.contains(part)).count();
    assert_eq!(told("RULES \\\"One of the answers was given under these instructions"), 4);
    assert!(
        seen.lock()
            .unwrap()
            .iter()
            .filter(|text| text.contains("RULES"))
            .all(|text| { text.contains("Be kind.") && text.contains("Be brief.") })
    );
    let label =
        "{\"id\": \"1\", \"answer\": \"x\", \"label\": \"pass\", \"system\": \"Be exact.\"}\n";
    std::fs::write(folder.path().join("labels.jsonl"), label).unwrap();
    let calibrate = ["judge", "calibrate", "judges/rubric", "--labels", "labels.jsonl"];
    run_in(folder.path(), &calibrate).exits(0);
    assert_eq!(told("RULES \\\"Be exact."), 3);
}
