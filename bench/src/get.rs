//! One GET on a connection of its own.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::Result;

/// The status and body of `path` at `address`.
pub(crate) async fn get(
    address: SocketAddr,
    path: &str,
    key: Option<&str>,
) -> Result<(u16, Bytes)> {
    let socket = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
    let mut request = Request::get(path).header(header::HOST, address.to_string());
    if let Some(key) = key {
        request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
    }
    let request = request.body(Empty::<Bytes>::new())?;
    let answer = async {
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    };
    let mut connection = std::pin::pin!(connection);
    let mut answer = std::pin::pin!(answer);
    tokio::select! {
        // The last bytes may come together with the end of the connection.
        biased;
        answer = &mut answer => answer,
        _ = &mut connection => answer.await,
    }
}
