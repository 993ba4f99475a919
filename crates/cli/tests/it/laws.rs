//! The design's laws that are about source text. The numbers are those of ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const LINE: [&str; 8] =
    ["core", "text", "provider", "store", "gateway", "control", "server", "cli"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Every Rust file under `folder`, as (path relative to the root, text).
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = vec![];
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
                found.push((name, std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "{folder} holds no source");
    found
}

/// The code of a file without comments and without its unit tests, which may do what code may not.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = text.lines().map(|line| {
        let trimmed = line.trim_start();
        if trimmed.starts_with("//") { "" } else { line }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn is_test_file(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs") || path.ends_with("/scratch.rs")
}

/// Fails for each word of `banned` in the code of `crates`, except in files that `except` names.
fn ban(crates: &[&str], banned: &[&str], except: &[&str]) {
    let mut found = vec![];
    for name in crates {
        for (path, text) in sources(&format!("crates/{name}/src")) {
            if is_test_file(&path) || except.iter().any(|allowed| path.contains(allowed)) {
                continue;
            }
            for (number, line) in code(&text).lines().enumerate() {
                for word in banned.iter().filter(|word| line.contains(**word)) {
                    found.push(format!("{path}:{}: {word:?}: {}", number + 1, line.trim()));
                }
            }
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn law_1_core_and_text_do_no_io_and_read_no_clock() {
    ban(
        &["core", "text"],
        &[
            "std::fs",
            "std::net",
            "std::env",
            "std::io::",
            "std::process",
            "tokio",
            "SystemTime",
            "Instant::now",
            "fastrand",
            "thread_rng",
            "now_v7",
            "new_v4",
        ],
        &[],
    );
}

#[test]
fn law_2_sql_only_in_store() {
    let others: Vec<&str> = LINE.into_iter().filter(|name| *name != "store").collect();
    ban(&others, &["SELECT ", "INSERT INTO", "DELETE FROM", "CREATE TABLE", "rusqlite"], &[]);
    // A statement may be broken into lines, so what follows UPDATE is looked at up to the next literal.
    let mut found = vec![];
    for name in others {
        for (path, text) in sources(&format!("crates/{name}/src")) {
            let flat: String = code(&text).split_whitespace().collect::<Vec<_>>().join(" ");
            found.extend(updates(&flat).map(|statement| format!("{path}: {statement}")));
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// What follows each `UPDATE` that is a statement's: the next word but one, or a later one, is `SET`.
fn updates(flat: &str) -> impl Iterator<Item = &str> {
    flat.split("UPDATE ").skip(1).filter(|rest| {
        let statement = rest.split(['"', ';']).next().unwrap_or_default();
        statement.split(' ').skip(1).take(6).any(|word| word == "SET")
    })
}

#[test]
fn law_2_updates_are_told_from_prose() {
    assert_eq!(updates("\"UPDATE versions SET changelog = ?\"").count(), 1);
    assert_eq!(updates("\"UPDATE OR IGNORE x AS y SET z = 1\"").count(), 1);
    assert_eq!(updates("say(\"UPDATE the files\"); say(\"then SET x\")").count(), 0);
}

#[test]
fn law_2_vendor_json_only_in_provider() {
    let others: Vec<&str> = LINE.into_iter().filter(|name| *name != "provider").collect();
    ban(
        &others,
        &[
            "finish_reason",
            "\"choices\"",
            "tool_calls\"",
            "content_block",
            "stop_reason",
            "message_start",
            "prompt_tokens",
            "chat.completion",
        ],
        // The demo is a client of the gateway and reads the answer as one.
        &["cli/src/demo/"],
    );
}

#[test]
fn law_2_http_status_only_in_server_and_towards_vendors() {
    ban(
        &["core", "text", "store", "gateway", "control", "cli"],
        &["StatusCode"],
        &["cli/src/demo/"],
    );
}

#[test]
fn law_3_the_gateway_knows_only_the_call_log_of_the_store() {
    for (path, text) in sources("crates/gateway/src") {
        for line in code(&text).lines().filter(|line| line.contains("gatemark_store")) {
            assert!(line.contains("gatemark_store::calllog"), "{path}: {line}");
        }
    }
    ban(&["gateway"], &["Store::", "spawn_blocking", "gatemark_control"], &[]);
}

#[test]
fn law_4_no_statement_changes_a_versions_content() {
    for (path, text) in sources("crates/store/src") {
        let flat: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for update in flat.split("UPDATE versions SET ").skip(1) {
            assert!(
                update.starts_with("changelog = "),
                "{path}: {}",
                &update[..60.min(update.len())]
            );
        }
        assert!(!flat.contains("DELETE FROM versions"), "{path}");
    }
}

#[test]
fn law_5_only_the_gate_makes_and_spends_permits() {
    let outside = ["text", "provider", "gateway", "control", "server", "cli"];
    ban(&outside, &["gate::decide", ".permit()", ".apply("], &["control/src/gate.rs"]);
    ban(&outside, &[".begin_rollout(", ".apply_rollout("], &["control/src/rollout/"]);
    let mut writers: Vec<String> = sources("crates/store/src")
        .into_iter()
        .filter(|(path, text)| {
            !is_test_file(path) && code(text).contains("INSERT INTO deployments")
        })
        .map(|(path, _)| path)
        .collect();
    writers.dedup();
    assert_eq!(writers, ["crates/store/src/deploy.rs"]);
}

#[test]
fn law_6_only_the_gateway_decides_outcomes() {
    ban(&["text", "provider"], &["Outcome::", "call::Outcome"], &[]);
}

#[test]
fn law_13_crates_form_a_line() {
    for (index, name) in LINE.iter().enumerate() {
        let manifest =
            std::fs::read_to_string(root().join(format!("crates/{name}/Cargo.toml"))).unwrap();
        let later = LINE.iter().skip(index);
        for other in later {
            let dependency = format!("gatemark-{other}.");
            assert!(!manifest.contains(&dependency), "{name} uses {other}");
        }
        // provider and store stand side by side.
        assert!(
            *name != "store" || !manifest.contains("gatemark-provider."),
            "store uses provider"
        );
    }
}

#[test]
fn law_13_files_are_small_and_named_for_what_they_hold() {
    let mut problems = vec![];
    for name in LINE {
        for (path, text) in sources(&format!("crates/{name}/src")) {
            let lines = text.lines().count();
            let most = if is_test_file(&path) { 500 } else { 400 };
            if lines > most {
                problems.push(format!("{path} has {lines} lines"));
            }
            let stem = Path::new(&path).file_stem().unwrap().to_string_lossy().into_owned();
            if ["utils", "util", "helpers", "helper", "manager", "common", "misc"]
                .contains(&stem.as_str())
            {
                problems.push(format!("{path} is named for nothing"));
            }
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

/// Edges between a crate's top-level modules, from its `crate::…` paths.
fn edges(name: &str) -> BTreeMap<String, BTreeSet<String>> {
    let folder = format!("crates/{name}/src/");
    let mut modules = BTreeSet::new();
    let mut texts: Vec<(String, String)> = vec![];
    for (path, text) in sources(&folder) {
        let inner = path.strip_prefix(&folder).unwrap_or(&path);
        let module = inner.split(['/', '.']).next().unwrap_or_default().to_string();
        if ["lib", "main"].contains(&module.as_str()) || is_test_file(&path) {
            continue;
        }
        modules.insert(module.clone());
        texts.push((module, code(&text)));
    }
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, text) in texts {
        for path in text.split("crate::").skip(1) {
            for used in used_modules(path) {
                if used != module && modules.contains(&used) {
                    edges.entry(module.clone()).or_default().insert(used);
                }
            }
        }
    }
    edges
}

/// The first segments of what follows `crate::`, which may be a brace group.
fn used_modules(path: &str) -> Vec<String> {
    let word = |text: &str| -> String {
        text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let Some(group) = path.strip_prefix('{') else { return vec![word(path)] };
    let mut depth = 1;
    let mut parts = vec![String::new()];
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => parts.push(String::new()),
            _ => {}
        }
        if depth == 0 {
            break;
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts.iter().map(|part| word(part.trim_start_matches([',', ' ', '\n']))).collect()
}

#[test]
fn law_13_modules_form_a_directed_acyclic_graph() {
    let mut cycles = vec![];
    for name in LINE {
        let mut edges = edges(name);
        // Takes away modules that use nothing (any more) until nothing is left but cycles.
        loop {
            let using: BTreeSet<String> = edges.keys().cloned().collect();
            let before: usize = edges.values().map(BTreeSet::len).sum();
            edges.values_mut().for_each(|used| used.retain(|module| using.contains(module)));
            edges.retain(|_, used| !used.is_empty());
            if before == edges.values().map(BTreeSet::len).sum::<usize>() {
                break;
            }
        }
        cycles.extend(edges.iter().map(|(module, used)| format!("{name}: {module} uses {used:?}")));
    }
    assert!(cycles.is_empty(), "\n{}", cycles.join("\n"));
}

#[test]
fn law_14_statuses_and_exit_codes_are_decided_once() {
    let mut statuses = vec![];
    let mut exits = vec![];
    for name in LINE {
        for (path, text) in sources(&format!("crates/{name}/src")) {
            let text = code(&text);
            if text.contains("StatusCode::") && text.contains("Kind::") {
                statuses.push(path.clone());
            }
            if text.contains("ExitCode::from") {
                exits.push(path);
            }
        }
    }
    // What vendors answer is read where their formats are.
    statuses.retain(|path| !path.starts_with("crates/provider/"));
    assert_eq!(statuses, ["crates/server/src/error.rs"]);
    assert_eq!(exits, ["crates/cli/src/exit.rs"]);
}

#[test]
fn no_build_downloads_and_one_tls_backend() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    for banned in
        ["aws-lc-rs", "openssl-sys", "serde_yaml", "serde_yml", "chrono", "reqwest", "native-tls"]
    {
        assert!(!lock.contains(&format!("name = \"{banned}\"\n")), "{banned} is linked");
    }
}

#[test]
fn the_openapi_document_is_checked_in() {
    let checked_in = std::fs::read_to_string(root().join("openapi.json")).unwrap_or_default();
    let output =
        std::process::Command::new(env!("CARGO_BIN_EXE_gatemark")).arg("openapi").output().unwrap();
    let now = String::from_utf8(output.stdout).unwrap();
    assert_eq!(checked_in, now, "run `gatemark openapi > openapi.json`");
}
