//! A vendor that answers by a rule: the application's model says what it is given, the judge's model what
//! the test wants it to.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::support::Project;

/// What the judge's model is asked.
pub(crate) struct Asked {
    /// The last message.
    pub(crate) text: String,
    /// How many calls of the judge came before this one.
    pub(crate) number: u32,
}

impl Asked {
    /// The JSON text under a heading such as `ANSWER TO JUDGE`, as it was before it was written as JSON.
    pub(crate) fn part(&self, heading: &str) -> String {
        let rest = self.text.split(heading).nth(1).unwrap_or_default();
        let line = rest.lines().nth(1).unwrap_or_default();
        serde_json::from_str(line).unwrap_or_default()
    }
}

type Rule = dyn Fn(&Asked) -> Result<String, u16> + Send + Sync;

/// Starts a vendor whose models named `app…` repeat the last message and whose others follow `rule`; its
/// address and how often the rule was asked.
pub(crate) fn vendor(
    rule: impl Fn(&Asked) -> Result<String, u16> + Send + Sync + 'static,
) -> (String, Arc<AtomicU32>) {
    let rule: Arc<Rule> = Arc::new(rule);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let count = Arc::new(AtomicU32::new(0));
    let counted = count.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (rule, count) = (rule.clone(), count.clone());
            std::thread::spawn(move || serve(stream, rule.as_ref(), &count));
        }
    });
    (address, counted)
}

fn serve(mut stream: TcpStream, rule: &Rule, count: &AtomicU32) {
    let Some(request) = read(&mut stream) else { return };
    let text = request["messages"].as_array().and_then(|all| all.last());
    let text = text.and_then(|last| last["content"].as_str()).unwrap_or_default().to_string();
    let model = request["model"].as_str().unwrap_or_default();
    let said = if model.starts_with("app") {
        Ok(format!("{}{text}", if model.contains("loud") { "LOUD " } else { "" }))
    } else {
        rule(&Asked { text, number: count.fetch_add(1, Ordering::SeqCst) })
    };
    let (status, body) = match said {
        Ok(content) => (
            200,
            json!({"id": "c", "object": "chat.completion", "created": 1, "model": model,
                "choices": [{"index": 0, "message": {"role": "assistant", "content": content},
                    "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}}),
        ),
        Err(status) => (status, json!({"error": {"message": "no", "type": "server_error"}})),
    };
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).ok();
}

fn read(stream: &mut TcpStream) -> Option<Value> {
    let mut bytes = vec![];
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).ok()?;
        bytes.extend_from_slice(&buffer[..read]);
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(request) = end.and_then(|end| serde_json::from_slice(&bytes[end + 4..]).ok()) {
            return Some(request);
        }
        if read == 0 {
            return None;
        }
    }
}

/// The prompt whose answers are judged: it answers with what its variable holds.
pub(crate) const ECHO: &str = "shop/echo";

/// A project on the vendor at `address`, with [`ECHO`] and a suite for it, and the judges `judges/rubric`,
/// `judges/reference` and `judges/pairwise` as `gatemark judge new` writes them.
pub(crate) fn project(address: &str, suite: &str) -> Project {
    let project = Project::new();
    let config = format!(
        "name: judged\nproviders:\n  mock: {{protocol: openai, base_url: \"http://{address}/v1\", retries: 0, timeout: 5s}}\n  sim: {{}}\n\
         models:\n  mock/judge-2026-01-01: {{input_usd_per_million: 1, output_usd_per_million: 1}}\n"
    );
    write(&project, "gatemark.yaml", &config);
    std::fs::remove_dir_all(project.path().join("prompts")).unwrap();
    for kind in ["rubric", "reference", "pairwise"] {
        project.run(&["judge", "new", kind, "--kind", kind]).exits(0);
    }
    let prompt = "version: 1.0.0\nvariables: {say: string}\nmessages: [{role: user, text: \"{{ say }}\"}]\n\
                  models: [{model: mock/app-2026-01-01}]\n";
    write(&project, "prompts/shop/echo/prompt.yaml", prompt);
    write(&project, "prompts/shop/echo/suite.yaml", suite);
    project
}

/// Writes a file of the project.
pub(crate) fn write(project: &Project, path: &str, text: &str) {
    let path = project.path().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}
