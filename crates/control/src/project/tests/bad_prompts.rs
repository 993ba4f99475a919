//! Mistakes in `prompt.yaml` outside of messages.

use super::{PROMPT, check, prompt, prompt_with};

#[test]
fn an_unknown_field() {
    prompt_with(
        "ownr: support\ncolour: red\n",
        &[
            "prompt.yaml:6:1: error: a prompt has no field `ownr` (did you mean `owner`?)",
            "prompt.yaml:7:1: error: a prompt has no field `colour` (known fields: version, description, owner, changelog, variables, messages, output, examples, models, conversation, cascade, guard, limits)",
        ],
    );
}

#[test]
fn missing_fields() {
    prompt(
        "owner: support\n",
        &[
            "prompt.yaml:1:1: error: a prompt needs `messages` (add `messages: …`)",
            "prompt.yaml:1:1: error: a prompt needs `models` (add `models: …`)",
            "prompt.yaml:1:1: error: a prompt needs `version` (add `version: …`)",
        ],
    );
}

#[test]
fn bad_semantic_versions() {
    for (version, expected) in [
        ("1.0", "`1.0` is not a semantic version (write three numbers such as 1.0.0)"),
        (
            "v1.0.0",
            "`v1.0.0` is not a semantic version: unexpected character 'v' while parsing major version number (write three numbers such as 1.0.0)",
        ),
        (
            "1.0.0-beta",
            "`1.0.0-beta` has a pre-release or build tail, which says nothing here (write three numbers such as 1.0.0)",
        ),
        ("1", "`1` is not a semantic version (write three numbers such as 1.0.0)"),
        ("[1]", "`version` must be text, not a list (write a text here)"),
    ] {
        prompt(
            &PROMPT.replace("1.0.0", version),
            &[&format!("prompt.yaml:1:10: error: {expected}")],
        );
    }
}

#[test]
fn wrong_types() {
    prompt_with(
        "description: 5\nowner: [a]\nlimits: none\noutput: 3\nexamples: x\n",
        &[
            "prompt.yaml:6:14: error: `description` must be text, not a number (put it in quotes)",
            "prompt.yaml:7:8: error: `owner` must be text, not a list (write a text here)",
            "prompt.yaml:8:9: error: `limits` must be a mapping, not text (write fields as `name: value`)",
            "prompt.yaml:9:9: error: `output` must be a mapping, not a number (write fields as `name: value`)",
            "prompt.yaml:10:11: error: `examples` must be a list, not text (start each entry with `- `)",
        ],
    );
}

#[test]
fn bad_variables() {
    let variables = "variables:
  Ticket: string
  a: strng
  b: enum
  c: {type: enum, values: []}
  d: {type: enum, values: [x, x, 3]}
  e: {type: integer, default: many, trust: yes}
  f: {type: string, values: [a], max_tokens: 0}
  g: {trust: trusted, max_token: 4}
";
    prompt(
        &PROMPT.replace("variables: {ticket: string}\n", variables),
        &[
            "prompt.yaml:3:3: error: `Ticket` is not a name for a variable (use lower-case letters, digits and `_`, and start with a letter or `_`)",
            "prompt.yaml:4:6: error: the type must be one of string, enum, integer, number, boolean, list, object, not `strng` (did you mean `string`?)",
            "prompt.yaml:5:6: error: an enum needs `values` (write {type: enum, values: [first, second]})",
            "prompt.yaml:6:27: error: `values` is empty (list the allowed texts)",
            "prompt.yaml:7:31: error: `x` is listed twice (remove one of the two)",
            "prompt.yaml:7:34: error: a value of an enum must be text, not a number (put it in quotes)",
            "prompt.yaml:8:31: error: `default` must be of type integer, not \"many\" (change the default, or the type)",
            "prompt.yaml:8:44: error: `trust` must be one of trusted, untrusted, not `yes` (write one of these words)",
            "prompt.yaml:9:21: error: `values` is for type enum only (remove it, or write `type: enum`)",
            "prompt.yaml:9:46: error: `max_tokens` must be from 1 to 4294967295 (change the number)",
            "prompt.yaml:10:6: error: a variable needs `type` (add `type: …`)",
            "prompt.yaml:10:23: error: a variable has no field `max_token` (did you mean `max_tokens`?)",
            "prompt.yaml:12:28: error: `ticket` is not declared in `variables` (did you mean `Ticket`?)",
        ],
    );
}

#[test]
fn bad_models() {
    let models = "models:
  - gpt-4o
  - opnai/gpt-4o
  - acme/fast
  - sim/a
  - sim/a
  - {model: sim/b, temperature: 3, n: 2, stop: [], max_tokens: 1.5, top_k: 4}
  - {model: sim/c, max_tokens: 5, max_completion_tokens: 5, parameters: {stream: true, max_tokens: 5}}
  - {temperature: 0.5}
  - {model: sim/d, messages: [{role: system, text: hi}, {role: user, text: hi}, {role: user, text: more}]}
";
    prompt(
        &PROMPT.replace("models: [sim/learner-2026-11-01]\n", models),
        &[
            "prompt.yaml:6:5: error: \"gpt-4o\" is not a valid model name: write `provider/model`, e.g. `openai/gpt-4o-2024-08-06` (name the provider from gatemark.yaml, a slash, and the vendor's own id)",
            "prompt.yaml:7:5: error: no provider `opnai` is configured (did you mean `openai`?)",
            "prompt.yaml:8:5: error: no provider `acme` is configured (add `acme: {protocol: openai, …}` under `providers` in gatemark.yaml)",
            "prompt.yaml:10:5: error: model sim/a is given twice; first in line 9 (remove one of the two)",
            "prompt.yaml:11:33: error: `temperature` must be from 0 to 2 (change the number)",
            "prompt.yaml:11:36: error: `n` is not supported (one answer is checked and served; call several times for several)",
            "prompt.yaml:11:48: error: `stop` must be a text or a list of 1 to 4 texts, not a list (put texts in quotes)",
            "prompt.yaml:11:64: error: `max_tokens` must be a whole number (remove the decimals)",
            "prompt.yaml:11:69: error: a model has no field `top_k` (did you mean `top_p`? If not, put it under `parameters`)",
            "prompt.yaml:12:5: error: `max_tokens` and `max_completion_tokens` say the same (keep one of the two)",
            "prompt.yaml:12:74: error: `stream` is decided by the gateway (remove it)",
            "prompt.yaml:12:88: error: `max_tokens` is given twice (keep it in one of the two places)",
            "prompt.yaml:13:5: error: a model needs `model` (add `model: …`)",
            "prompt.yaml:14:31: error: the prompt has no further system message that this could replace (a variant replaces messages role by role in order; add one to the prompt's `messages` first)",
            "prompt.yaml:14:81: error: the prompt has no further user message that this could replace (a variant replaces messages role by role in order; add one to the prompt's `messages` first)",
        ],
    );
    prompt(
        &PROMPT.replace("[sim/learner-2026-11-01]", "[]"),
        &[
            "prompt.yaml:5:9: error: `models` must name from 1 to 64 models (the first one serves; name it as `provider/model`)",
        ],
    );
}

#[test]
fn bad_limits() {
    prompt_with(
        "limits: {cost_usd_per_call: 5e-2, timeout: 10, cost: 1}\n",
        &[
            "prompt.yaml:6:29: error: `cost_usd_per_call` must be an amount of dollars of at most nine decimals (write dollars as a plain number such as 0.05)",
            "prompt.yaml:6:44: error: `timeout` needs a unit (write `10s` for seconds, or `10ms`)",
            "prompt.yaml:6:48: error: `limits` has no field `cost` (known fields: cost_usd_per_call, timeout, max_input_tokens)",
        ],
    );
    prompt_with(
        "limits: {cost_usd_per_call: $0.05, timeout: 10 seconds}\n",
        &[
            "prompt.yaml:6:29: error: `cost_usd_per_call` must be a number, not text (write dollars as a plain number such as 0.05)",
            "prompt.yaml:6:45: error: `timeout` is not a duration (write a whole number and its unit: `250ms`, `10s` or `2m`)",
        ],
    );
    prompt_with(
        "limits: {cost_usd_per_call: 0.05, timeout: 48h}\n",
        &[
            "prompt.yaml:5:10: error: the cost of a call is capped, but sim/learner-2026-11-01 has no price (add it under `models` in gatemark.yaml with `input_usd_per_million` and `output_usd_per_million`)",
            "prompt.yaml:5:10: warning: the cost of a call is capped, but sim/learner-2026-11-01 may write without bound (set `max_tokens` for this model)",
            "prompt.yaml:6:44: error: `timeout` must be from 1ms to 24h (change the number)",
        ],
    );
}

#[test]
fn bad_output() {
    prompt_with(
        "output: {schema: {type: objekt}, fallback: {a: 1}}\n",
        &[
            "prompt.yaml:6:25: error: this is not a usable JSON Schema: \"objekt\" is not valid under any of the schemas listed in the 'anyOf' keyword (write JSON Schema 2020-12, without references to other documents)",
        ],
    );
    prompt_with(
        "output: {schema: {type: object, required: [a]}, fallback: {b: 1}}\n",
        &[
            "prompt.yaml:6:59: error: the fallback does not satisfy the schema: /: \"a\" is a required property (callers trust the schema also when the model fails; write a fallback that fits)",
        ],
    );
    prompt_with(
        "output: {schema: {file: schem.json}, insufficient: \"\"}\n",
        &[
            "prompt.yaml:6:25: error: there is no file `schem.json` (create prompts/support/triage/schem.json)",
            "prompt.yaml:6:52: error: `insufficient` is empty (fill it in, or remove the line)",
        ],
    );
    prompt_with(
        "output: {schema: [a], fallback: .nan}\n",
        &[
            "prompt.yaml:6:18: error: a schema must be a mapping, not a list (write a JSON Schema such as {type: object, required: […]}, or {file: schema.json})",
            "prompt.yaml:6:33: error: JSON cannot hold this number exactly (write it as text, in quotes)",
        ],
    );
    let prompt = format!("{PROMPT}output: {{schema: {{file: schema.json}}}}\n");
    check(
        &[("prompt.yaml", &prompt), ("schema.json", "{\n  \"type\": object\n}\n")],
        &[
            "schema.json:2:11: error: this is not valid JSON: a value should be here (texts need double quotes; the words are true, false and null)",
        ],
    );
}

#[test]
fn bad_examples() {
    let examples = "examples:
  - {variables: {tikcet: a}, output: x}
  - {variables: {ticket: 5}, output: x}
  - {variables: {ticket: a}}
  - {output: x}
  - {variables: [a], output: x, note: y}
output: {schema: {type: string, maxLength: 1}}
";
    prompt_with(
        examples,
        &[
            "prompt.yaml:7:5: error: variable `ticket` is required and missing (give a value that fits its declaration in prompt.yaml)",
            "prompt.yaml:7:18: error: variable `tikcet` is not a variable of this prompt; did you mean `ticket`? (declared are ticket)",
            "prompt.yaml:8:26: error: variable `ticket` must be of type string, not 5 (give a value that fits its declaration in prompt.yaml)",
            "prompt.yaml:9:5: error: an example needs `output` (add `output: …`)",
            "prompt.yaml:10:5: error: variable `ticket` is required and missing (give a value that fits its declaration in prompt.yaml)",
            "prompt.yaml:11:17: error: `variables` must be a mapping, not a list (write `name: value`)",
            "prompt.yaml:11:33: error: an example has no field `note` (known fields: variables, output)",
        ],
    );
    let text = format!("{PROMPT}examples: {{file: examples.jsonl}}\n");
    let lines = "{\"variables\": {\"ticket\": \"a\"}, \"output\": 1}\n\n{\"variables\": {}, \"output\": 1}\n{\"variables\"\n{\"variables\": {\"ticket\": 3}, \"output\": 1}\n";
    check(
        &[("prompt.yaml", &text), ("examples.jsonl", lines)],
        &[
            "examples.jsonl:3:1: error: variable `ticket` is required and missing (give a value that fits its declaration in prompt.yaml)",
            "examples.jsonl:4:13: error: this is not valid JSON: a colon should be here (write {\"name\": value})",
            "examples.jsonl:5:26: error: variable `ticket` must be of type string, not 3 (give a value that fits its declaration in prompt.yaml)",
        ],
    );
    check(
        &[("prompt.yaml", &text.replace("jsonl", "csv")), ("examples.csv", "a,b")],
        &[
            "examples.csv:0:0: error: the file is of no known format (name it with the ending .yaml, .json or .jsonl)",
        ],
    );
}

#[test]
fn strays() {
    check(
        &[
            ("/prompt.yaml", PROMPT),
            ("/prompts/support/prompt.yaml", PROMPT),
            ("/prompts/support/a/b/prompt.yaml", PROMPT),
            ("/prompts/support/alone/suite.yaml", "cases: []"),
            ("/prompts/support/other/prompt.yml", PROMPT),
            ("/prompts/Support/Triage_2/prompt.yaml", PROMPT),
        ],
        &[
            "prompt.yaml:0:0: error: a prompt.yaml is read only in prompts/<service>/<name>/ (move it there)",
            "prompts/Support/Triage_2/prompt.yaml:0:0: error: its folders make no name: \"Support/Triage_2\" is not a valid prompt name: write `service/name`, each of lower-case letters, digits and single hyphens (rename the folders)",
            "prompts/support/a/b/prompt.yaml:0:0: error: a prompt.yaml is read only in prompts/<service>/<name>/ (move it there)",
            "prompts/support/alone/suite.yaml:0:0: error: there is no prompt.yaml beside this suite (add the prompt, or remove the suite)",
            "prompts/support/alone/suite.yaml:1:8: error: the suite has no cases (add a case, or remove the file)",
            "prompts/support/other/prompt.yml:0:0: error: `prompt.yml` is not read (rename it to prompt.yaml, or remove it)",
            "prompts/support/prompt.yaml:0:0: error: a prompt.yaml is read only in prompts/<service>/<name>/ (move it there)",
        ],
    );
}
