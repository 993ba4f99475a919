//! Private addresses, which a provider's URL may not lead to unless it is meant.

use std::time::Duration;

use gatemark_core::model::Protocol;
use gatemark_core::{Error, Kind};
use gatemark_provider::http::Client;
use gatemark_provider::{Secret, connect};

use crate::server::{Reply, Server};
use crate::{KEY, provider, request};

async fn asked(base_url: &str, allow_private: bool) -> Error {
    let mut provider = provider(Protocol::Openai, base_url);
    provider.allow_private = allow_private;
    let key = Some(Secret::new(KEY.into()));
    let client = Client::new().unwrap();
    let vendor = connect(&provider, key, &client, &crate::home(), crate::clock).unwrap();
    let request = request(&[]);
    let asked = tokio::time::timeout(Duration::from_secs(2), vendor.complete(&request));
    asked.await.expect("refused before anything is sent").unwrap_err()
}

#[tokio::test]
async fn they_are_refused_and_the_setting_is_named() {
    for host in
        ["10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "[fd12::1]", "[::ffff:10.0.0.1]"]
    {
        let error = asked(&format!("http://{host}:9/v1"), false).await;
        assert_eq!((error.kind(), error.code()), (Kind::Unavailable, "private_address"), "{host}");
        assert!(error.message().contains("`acme`"), "{error}");
        assert!(error.message().contains("allow_private: true"), "{error}");
    }
}

#[tokio::test]
async fn what_no_vendor_has_is_refused_always() {
    for host in ["169.254.169.254", "[fe80::1]", "[fd00:ec2::254]", "0.0.0.0"] {
        for allow_private in [false, true] {
            let error = asked(&format!("http://{host}:9/v1"), allow_private).await;
            assert_eq!(error.code(), "private_address", "{host}");
            assert!(!error.message().contains("allow_private"), "{error}");
        }
    }
}

#[tokio::test]
async fn this_machine_is_reached_under_its_names() {
    let server =
        Server::start(vec![Reply::json("200 OK", "{}"), Reply::json("200 OK", "{}")]).await;
    let port = server.url.rsplit(':').next().unwrap();
    for host in ["127.0.0.1", "localhost"] {
        let error = asked(&format!("http://{host}:{port}/v1"), false).await;
        assert!(error.message().contains("cannot be read"), "the server has answered: {error}");
    }
}
