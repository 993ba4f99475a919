//! nginx as a plain reverse proxy, configured as well as we know.

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use crate::Result;
use crate::process::{Process, free_address};
use crate::scratch::Scratch;

/// nginx, passing to the mock vendor.
pub(crate) struct Nginx {
    /// The master, whose children are the workers.
    pub(crate) process: Process,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    _scratch: Scratch,
}

/// Its version, if it is installed.
pub(crate) fn version() -> Option<String> {
    let output = Command::new("nginx").arg("-v").output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr).trim().to_string();
    Some(text.rsplit_once(": ").map(|(_, version)| version.to_string()).unwrap_or(text))
}

/// Starts it with `workers` workers. Answers that are not streamed may be buffered, which is nginx's default
/// and its fastest way; streams may not, or they would be no streams.
pub(crate) async fn start(upstream: SocketAddr, workers: usize, stream: bool) -> Result<Nginx> {
    let scratch = Scratch::new()?;
    let address = free_address()?;
    let folder = scratch.path().display();
    let buffering = if stream { "off" } else { "on" };
    let configuration = format!(
        "daemon off;
worker_processes {workers};
pid {folder}/nginx.pid;
error_log {folder}/error.log error;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_timeout 600s;
    keepalive_requests 1000000000;
    upstream vendor {{
        server {upstream};
        keepalive 512;
        keepalive_requests 1000000000;
        keepalive_timeout 600s;
    }}
    server {{
        listen {address} reuseport;
        location / {{
            proxy_pass http://vendor;
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
            proxy_buffering {buffering};
        }}
    }}
}}
"
    );
    let file = scratch.write("nginx.conf", &configuration)?;
    let mut command = Command::new("nginx");
    command.arg("-c").arg(file).arg("-e").arg(scratch.path().join("error.log"));
    let mut process = Process::start(command.stdout(Stdio::null()))?;
    process.ready(address, "/served").await.map_err(|fault| format!("nginx: {fault}"))?;
    Ok(Nginx { process, address, _scratch: scratch })
}
