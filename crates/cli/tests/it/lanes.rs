//! How many calls a provider gets at once: cases, judges and embeddings in one lane.

use std::fs;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{TempDir, run_in};
use crate::upstream::{Upstream, last_text};

/// Calls under way.
#[derive(Default)]
struct Crowd {
    /// Now, and most ever.
    present: Mutex<(usize, usize)>,
    came: Condvar,
}

impl Crowd {
    /// Stays until `wanted` are there at once, or long enough to see that they will not come.
    fn visit(&self, wanted: usize) {
        let mut present = self.present.lock().unwrap();
        present.0 += 1;
        present.1 = present.1.max(present.0);
        self.came.notify_all();
        let wait = Duration::from_millis(40);
        let lonely = |present: &mut (usize, usize)| present.1 < wanted;
        let (mut present, _) = self.came.wait_timeout_while(present, wait, lonely).unwrap();
        present.0 -= 1;
    }

    fn most(&self) -> usize {
        self.present.lock().unwrap().1
    }
}

/// What a model says that is prompt and judge at once.
pub(crate) fn reply(request: &Value) -> String {
    let text = last_text(request);
    if text.contains("FIRST ANSWER") {
        return json!({"reason": "alike", "winner": "tie"}).to_string();
    }
    if text.contains("ANSWER TO JUDGE") {
        return json!({"reason": "fine", "score": 5}).to_string();
    }
    text
}

/// A vendor that lets `bound` calls in at once by its configuration, with a prompt, its suite and judges,
/// all on this one vendor. It waits for more than `bound`.
fn project(bound: usize) -> (TempDir, Arc<Crowd>, Upstream) {
    let crowd = Arc::new(Crowd::default());
    let visited = crowd.clone();
    let upstream = Upstream::start(move |request, _| {
        visited.visit(bound + 1);
        Ok(reply(request))
    });
    let config = upstream.config();
    let config = config.replace("retries: 0", &format!("retries: 0, concurrency: {bound}"));
    (judged(&config), crowd, upstream)
}

/// A project with a prompt of two cases, whose answers are judged, compared, and embedded by `mock/e`.
pub(crate) fn judged(config: &str) -> TempDir {
    let folder = TempDir::new();
    fs::write(folder.path().join("gatemark.yaml"), config).unwrap();
    for kind in ["rubric", "pairwise"] {
        run_in(folder.path(), &["judge", "new", kind, "--kind", kind, "--model", "mock/m"])
            .exits(0);
    }
    let prompt = folder.path().join("prompts/shop/echo");
    fs::create_dir_all(&prompt).unwrap();
    let text = "version: 1.0.0\nvariables: {say: string}\nmessages: [{role: user, text: \"{{ say }}\"}]\n\
                models: [{model: mock/m}, {model: mock/n}]\n";
    fs::write(prompt.join("prompt.yaml"), text).unwrap();
    let suite = "checks:\n  - judge: {prompt: judges/rubric, votes: 3}\n  \
                 - compare: {prompt: judges/pairwise, votes: 2}\n  \
                 - similar: {at_least: 0.5, model: mock/e}\n\
                 cases:\n  - {id: a, variables: {say: one}, expected: two}\n  \
                 - {id: b, variables: {say: three}, expected: four}\n";
    fs::write(prompt.join("suite.yaml"), suite).unwrap();
    run_in(folder.path(), &["push"]).exits(0);
    folder
}

#[test]
fn a_case_and_its_judges_share_a_lane_of_one() {
    let (folder, crowd, upstream) = project(1);
    run_in(folder.path(), &["test", "shop/echo"]).exits(0).says(&["2/2"]);
    // Two cases: themselves, three votes, two in both orders, an embedding.
    assert_eq!(upstream.asked(), 2 * (1 + 3 + 4 + 1));
    assert_eq!(crowd.most(), 1);
}

#[test]
fn judges_are_asked_at_once_up_to_the_bound() {
    let (folder, crowd, _) = project(3);
    run_in(folder.path(), &["test", "shop/echo", "--model", "mock/m", "--model", "mock/n"])
        .exits(0);
    assert_eq!(crowd.most(), 3);
}

#[test]
fn comparisons_and_calibrations_keep_to_the_bound() {
    let (folder, crowd, _) = project(1);
    let compare =
        ["compare", "shop/echo", "--models", "mock/m,mock/n", "--judge", "judges/pairwise"];
    run_in(folder.path(), &compare).exits(0);
    let labels = "{\"id\": \"1\", \"answer\": \"x\", \"label\": \"pass\"}\n\
                  {\"id\": \"2\", \"answer\": \"y\", \"label\": \"fail\"}\n";
    fs::write(folder.path().join("labels.jsonl"), labels).unwrap();
    let calibrate = ["judge", "calibrate", "judges/rubric", "--labels", "labels.jsonl"];
    run_in(folder.path(), &calibrate).exits(0);
    assert_eq!(crowd.most(), 1);
}
