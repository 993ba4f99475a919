//! Mistakes in `gatemark.yaml`.

use super::{CONFIG, Files, check, load};

#[track_caller]
fn config(text: &str, expected: &[&str]) {
    check(&[("/gatemark.yaml", text)], expected);
}

#[test]
fn no_configuration() {
    let mut files = Files::new();
    let without = "gatemark.yaml:0:0: error: the project has no configuration";
    assert_eq!(load(&files).1, [format!("{without} (create it with `gatemark init`)")]);
    files.insert("gatemark.yml", CONFIG);
    assert_eq!(load(&files).1, [format!("{without} (rename gatemark.yml to gatemark.yaml)")]);
}

#[test]
fn secrets_are_refused_and_never_repeated() {
    let text = "name: demo
providers:
  sim:
  openai: {api_key: sk-123456}
  anthropic: {key_env: sk-ant-123456}
  own: {protocol: openai, base_url: 'https://me:sk-1@host/v1'}
";
    config(
        text,
        &[
            "gatemark.yaml:4:12: error: `api_key` does not belong into a file (put the key into an environment variable and name that in `key_env`; change a key that was committed)",
            "gatemark.yaml:5:24: error: `key_env` is not the name of an environment variable (put the key into an environment variable and name that in `key_env`; change a key that was committed)",
            "gatemark.yaml:6:37: error: `base_url` must not hold a user or password (write it like https://api.example.com/v1)",
        ],
    );
    let found = load(&super::files(&[("/gatemark.yaml", text.as_bytes())])).1;
    assert!(found.iter().all(|line| !line.contains("sk-")), "{found:?}");
}

#[test]
fn bad_providers() {
    let text = "name: demo
providers:
  sim: {latency: 5, error_rate: 5%, drift: 2, seed: -1, base_url: x}
  local: {base_url: http://localhost:8000/v1}
  Other: {protocol: openai}
  third: {protocol: grpc}
  openai: {base_url: api.openai.com, retries: 9, timeout: 0s, latency: 5ms}
  ports: {protocol: openai, base_url: http://host:0/v1}
  query: {protocol: openai, base_url: http://host/v1?a=b}
";
    config(
        text,
        &[
            "gatemark.yaml:3:18: error: `latency` needs a unit (write `5s` for seconds, or `5ms`)",
            "gatemark.yaml:3:33: error: `error_rate` must be a share from 0 to 1 (write 95 % as 0.95)",
            "gatemark.yaml:3:44: error: `drift` must be a share from 0 to 1 (write 95 % as 0.95)",
            "gatemark.yaml:3:53: error: `seed` must be at least 0 (change the number)",
            "gatemark.yaml:3:57: error: `base_url` has no meaning for protocol sim (remove it)",
            "gatemark.yaml:4:10: error: provider `local` needs a `protocol` (write `protocol: openai` for a server compatible with OpenAI; others are anthropic, gemini, azure, bedrock, vertex, mistral, groq, together, deepseek, openrouter, ollama, vllm, llamacpp, sim, local)",
            "gatemark.yaml:5:3: error: `Other` is not a name for a provider (use lower-case letters, digits and single hyphens)",
            "gatemark.yaml:5:10: error: provider `Other` needs a `base_url` (name the root of its API, such as http://localhost:8000/v1)",
            "gatemark.yaml:6:21: error: `protocol` must be one of openai, anthropic, gemini, azure, bedrock, vertex, mistral, groq, together, deepseek, openrouter, ollama, vllm, llamacpp, sim, local, not `grpc` (write one of these words)",
            "gatemark.yaml:7:22: error: `base_url` must start with http:// or https:// (write it like https://api.example.com/v1)",
            "gatemark.yaml:7:47: error: `retries` must be from 0 to 5 (change the number)",
            "gatemark.yaml:7:59: error: `timeout` must be from 1ms to 24h (change the number)",
            "gatemark.yaml:7:63: error: `latency` is for protocol sim only (remove it)",
            "gatemark.yaml:8:39: error: `base_url` has no valid host (write it like https://api.example.com/v1)",
            "gatemark.yaml:9:39: error: `base_url` must not have a query or fragment (write it like https://api.example.com/v1)",
        ],
    );
    config(
        "name: demo\nproviders: {}\n",
        &["gatemark.yaml:2:12: error: no provider is configured (add one, such as `sim: {}`)"],
    );
    config(
        "providers: [sim]\nname: ''\n",
        &[
            "gatemark.yaml:1:12: error: `providers` must be a mapping, not a list (write fields as `name: value`)",
            "gatemark.yaml:2:7: error: `name` is empty (fill it in, or remove the line)",
        ],
    );
}

#[test]
fn bad_places() {
    let text = "name: demo
providers:
  bedrock: {}
  vertex: {region: 'Europe West', project: p, api_version: x}
  azure: {allow_private: sure}
  groq: {region: eu}
  sim: {allow_private: true}
";
    config(
        text,
        &[
            "gatemark.yaml:3:12: error: a provider needs `region` (add `region: …`)",
            "gatemark.yaml:4:20: error: `region` cannot be part of an address (write lower-case letters, digits and hyphens, as the vendor's console shows it)",
            "gatemark.yaml:4:47: error: `api_version` is for protocol azure only (remove it)",
            "gatemark.yaml:5:10: error: provider `azure` needs a `base_url` (name the root of the resource, such as https://my-name.openai.azure.com)",
            "gatemark.yaml:5:26: error: `allow_private` must be true or false, not text (write `true` or `false`, without quotes)",
            "gatemark.yaml:6:10: error: `region` is for protocols bedrock and vertex only (remove it)",
            "gatemark.yaml:7:9: error: `allow_private` has no meaning for protocol sim (remove it)",
        ],
    );
}

#[test]
fn bad_local_models() {
    let text = "name: demo
providers:
  a: {protocol: local}
  b: {protocol: local, path: m, hub: o/m}
  c: {protocol: local, hub: just-a-name, revision: ../x, sha256: {model.safetensors: abc}}
  d: {protocol: local, hub: o/m, key_env: KEY}
  e: {protocol: local, path: my models, revision: r}
  sim: {path: m}
";
    config(
        text,
        &[
            "gatemark.yaml:3:6: error: provider `a` needs a `path` or a `hub` (write `path: models/all-MiniLM-L6-v2` for a folder with a sentence-transformer, or `hub: owner/name` with a `revision`)",
            "gatemark.yaml:4:6: error: a model comes from a `path` or from a `hub`, not from both (remove one of them)",
            "gatemark.yaml:5:29: error: `hub` is not the name of a repository (write `owner/name`, such as sentence-transformers/all-MiniLM-L6-v2)",
            "gatemark.yaml:5:52: error: `revision` is not a commit, tag or branch (write the commit that the model is to be taken from)",
            "gatemark.yaml:5:86: error: the SHA-256 of `model.safetensors` is not 64 digits (write it in quotes, as `sha256sum` prints it)",
            "gatemark.yaml:6:6: error: a provider needs `revision` (add `revision: …`)",
            "gatemark.yaml:6:34: error: `key_env` has no meaning for protocol local (remove it)",
            "gatemark.yaml:7:6: error: \"my models\" cannot be the name of a model (name the folder with printable characters and no blanks)",
            "gatemark.yaml:7:41: error: `revision` is for a model from a `hub` (remove it)",
            "gatemark.yaml:8:9: error: `path` is for protocol local only (remove it)",
        ],
    );
}

#[test]
fn bad_prices() {
    let text = CONFIG.replace(
        "openai/gpt-4o-2024-08-06: {",
        "opnai/x: {pinned: yes}\n  gpt: {}\n  sim/a: {input_usd_per_million: 1}\n  sim/b: {input_usd_per_million: -1, output_usd_per_million: two}\n  openai/gpt-4o-2024-08-06: {input: 5, ",
    );
    config(
        &text,
        &[
            "gatemark.yaml:6:3: error: no provider `opnai` is configured (did you mean `openai`?)",
            "gatemark.yaml:6:21: error: `pinned` must be true or false, not text (write `true` or `false`, without quotes)",
            "gatemark.yaml:7:3: error: \"gpt\" is not a valid model name: write `provider/model`, e.g. `openai/gpt-4o-2024-08-06` (name the provider, a slash, and the vendor's own id)",
            "gatemark.yaml:8:10: error: a price needs both `input_usd_per_million` and `output_usd_per_million` (add the missing one)",
            "gatemark.yaml:9:34: error: `input_usd_per_million` must be an amount of dollars of at most nine decimals (write dollars as a plain number such as 0.05)",
            "gatemark.yaml:9:62: error: `output_usd_per_million` must be a number, not text (write dollars as a plain number such as 0.05)",
            "gatemark.yaml:10:30: error: a model has no field `input` (known fields: input_usd_per_million, output_usd_per_million, cached_input_usd_per_million, cache_write_usd_per_million, cache_write_1h_usd_per_million, reasoning_usd_per_million, audio_input_usd_per_million, audio_output_usd_per_million, request_usd, tiers, batch, pinned, max_input_tokens, max_output_tokens, context_window, token_margin_percent, deprecated_on)",
        ],
    );
}

#[test]
fn bad_environments() {
    let text = format!(
        "{CONFIG}environments:
  production:
    policy: {{base: strict, min_cases: -1, accuracy: 99, p95_latency: 10, fallback: yes, aprovals: 2}}
    record: everything
  staging: {{policy: opne}}
  Dev: {{}}
  preview: {{policy: {{cost_usd_per_call: 1 cent, categories: [happy, happy, 3]}}}}
default_environment: prodction
"
    );
    config(
        &text,
        &[
            "gatemark.yaml:9:20: error: `base` must be one of open, production, not `strict` (write one of these words)",
            "gatemark.yaml:9:39: error: `min_cases` must be from 0 to 100000 (change the number)",
            "gatemark.yaml:9:53: error: `accuracy` must be a share from 0 to 1 (write 95 % as 0.95)",
            "gatemark.yaml:9:70: error: `p95_latency` needs a unit (write `10s` for seconds, or `10ms`)",
            "gatemark.yaml:9:84: error: `fallback` must be true or false, not text (write `true` or `false`, without quotes)",
            "gatemark.yaml:9:89: error: a policy has no field `aprovals` (did you mean `approvals`?)",
            "gatemark.yaml:10:13: error: `record` must be one of metadata, content, not `everything` (write one of these words)",
            "gatemark.yaml:11:21: error: `policy` must be one of open, production, not `opne` (did you mean `open`?)",
            "gatemark.yaml:12:3: error: \"Dev\" is not a valid environment name: use lower-case letters, digits and single hyphens (rename it)",
            "gatemark.yaml:13:41: error: `cost_usd_per_call` must be a number, not text (write dollars as a plain number such as 0.05)",
            "gatemark.yaml:13:69: error: category `happy` is listed twice (remove one of the two)",
            "gatemark.yaml:13:76: error: a category must be text, not a number (put it in quotes)",
            "gatemark.yaml:14:22: error: the default environment `prodction` is not among the environments (did you mean `production`?)",
        ],
    );
    config(
        &format!("{CONFIG}environments: {{staging: }}\n"),
        &[
            "gatemark.yaml:7:15: error: the default environment `production` is not among the environments (add it under `environments`, or set `default_environment`)",
        ],
    );
}

#[test]
fn bad_margins() {
    let policy = |text: &str| {
        format!(
            "{CONFIG}environments:\n  production:\n    policy: {{not_worse_than_serving: {text}}}\n"
        )
    };
    config(
        &policy("{margin: 2%, confidence: 1, level: 3}"),
        &[
            "gatemark.yaml:9:47: error: `margin` must be a share from 0 to 1 (write 95 % as 0.95)",
            "gatemark.yaml:9:63: error: `confidence` must be from 0.5 to 0.9999 (write 95 % as 0.95)",
            "gatemark.yaml:9:66: error: `not_worse_than_serving` has no field `level` (known fields: margin, confidence)",
        ],
    );
    config(
        &policy("{confidence: 0.9}"),
        &["gatemark.yaml:9:38: error: `not_worse_than_serving` needs `margin` (add `margin: …`)"],
    );
    config(
        &policy("0.02"),
        &[
            "gatemark.yaml:9:38: error: `not_worse_than_serving` must be a mapping, not a number (write fields as `name: value`)",
        ],
    );
}
