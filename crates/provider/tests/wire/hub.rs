//! Local models: from folders good and bad, and from a hub on this machine.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use gatemark_core::model::{LocalModel, Protocol, Provider};
use gatemark_core::{Digest, Kind};
use gatemark_provider::http::Client;
use gatemark_provider::local::{Home, Model};
use gatemark_provider::{Vendor, connect};

use crate::server::{End, Reply, Server};
use crate::tiny::{Folder, files};
use crate::{provider, request};

fn local(model: LocalModel, base_url: &str, home: &Path) -> Arc<dyn Vendor> {
    let provider =
        Provider { key_variable: None, local: Some(model), ..provider(Protocol::Local, base_url) };
    connect(&provider, None, &Client::new().unwrap(), &Home::silent(home.into()), crate::clock)
        .unwrap()
}

fn hub(sha256: &[(&str, Digest)]) -> LocalModel {
    let sha256: BTreeMap<String, Digest> =
        sha256.iter().map(|(name, digest)| (name.to_string(), *digest)).collect();
    LocalModel::Hub { repository: "acme/tiny".into(), revision: "c0ffee".into(), sha256 }
}

/// What a hub answers for the files in the order in which they are asked for: three that do not exist,
/// and the weights by a redirect to its storage.
fn replies(etag: Option<&str>, spoil: impl Fn(Vec<u8>) -> Vec<u8>) -> Vec<Reply> {
    let whole = |bytes: Vec<u8>| {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", bytes.len());
        Reply { pieces: vec![head.into_bytes(), bytes], end: End::Keep }
    };
    let mut files: Vec<Vec<u8>> = files().into_iter().map(|(_, bytes)| bytes).collect();
    let weights = spoil(files.pop().unwrap());
    let missing = || Reply::whole("404 Not Found", "", "");
    let mut files = files.into_iter();
    let mut replies: Vec<Reply> = files.by_ref().take(2).map(whole).collect();
    replies.extend([missing(), missing(), missing()]);
    replies.extend(files.map(whole));
    let etag = etag.map_or(String::new(), |etag| format!("x-linked-etag: \"{etag}\"\r\n"));
    let headers = format!("location: /storage/blob\r\n{etag}");
    replies.push(Reply::whole("302 Found", &headers, "elsewhere"));
    replies.push(whole(weights));
    replies
}

fn digest_of_weights() -> Digest {
    Digest::of(&files().pop().unwrap().1)
}

#[tokio::test]
async fn a_model_is_fetched_once_and_checked() {
    let etag = digest_of_weights().to_string();
    let server = Server::start(replies(Some(&etag), |bytes| bytes)).await;
    let home = Folder::new();
    let vendor = local(hub(&[]), &server.url, home.path());
    let texts = ["good".to_string(), "badly good".to_string(), String::new()];
    let first = vendor.embed("tiny", &texts).await.unwrap();
    assert_eq!(first.vectors.len(), 3);
    assert!(server.request(0).starts_with("GET /acme/tiny/resolve/c0ffee/config.json HTTP/1.1"));
    assert!(server.request(8).starts_with("GET /storage/blob "), "{}", server.request(8));
    // Another process finds it in place; the server has nothing more to say.
    let again = local(hub(&[]), "http://127.0.0.1:1", home.path());
    assert_eq!(again.embed("tiny", &texts).await.unwrap(), first);
    let same = vendor.embedder("tiny").await.unwrap();
    assert_eq!((same.len(), again.embedder("tiny").await.unwrap()), (64, same));
    let left: Vec<_> = std::fs::read_dir(home.path().join("acme--tiny")).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[tokio::test]
async fn what_does_not_arrive_whole_is_not_put_in_place() {
    let good = digest_of_weights();
    let bad = Digest::of(b"other");
    let spoilt = |mut bytes: Vec<u8>| {
        bytes.pop();
        bytes.push(1);
        bytes
    };
    let same = |bytes: Vec<u8>| bytes;
    let etag = good.to_string();
    let cases: [(Vec<Reply>, LocalModel, &str); 5] = [
        (replies(Some(&etag), spoilt), hub(&[]), "but the server says"),
        (replies(Some(&etag), same), hub(&[("model.safetensors", bad)]), "but gatemark.yaml says"),
        (replies(None, same), hub(&[]), "the server gives no checksum"),
        (replies(Some(&etag), same), hub(&[("other.bin", bad)]), "not one of the files"),
        (vec![Reply::whole("401 No", "", "")], hub(&[]), "does not exist or is not public"),
    ];
    for (replies, model, wanted) in cases {
        let server = Server::start(replies).await;
        let home = Folder::new();
        let error = local(model, &server.url, home.path()).embed("tiny", &[]).await.unwrap_err();
        let said = error.to_string();
        assert!(said.contains(wanted) && said.contains("`path`"), "{said}");
        assert_eq!((error.kind(), error.code()), (Kind::Unavailable, "model_unavailable"));
        let left: Vec<_> = std::fs::read_dir(home.path().join("acme--tiny")).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }
    // A checksum in the project stands in for the server's.
    let server = Server::start(replies(None, same)).await;
    let home = Folder::new();
    let vendor = local(hub(&[("model.safetensors", good)]), &server.url, home.path());
    vendor.embed("tiny", &["good".into()]).await.unwrap();
}

#[tokio::test]
async fn without_a_network_the_message_says_what_to_do() {
    let home = Folder::new();
    let vendor = local(hub(&[]), "http://127.0.0.1:1", home.path());
    let said = vendor.embed("tiny", &["x".into()]).await.unwrap_err().to_string();
    assert!(said.contains("acme/tiny") && said.contains("cannot be reached"), "{said}");
    assert!(said.contains("name it with `path`"), "{said}");
}

#[tokio::test]
async fn a_local_model_embeds_and_nothing_else() {
    let folder = Folder::with_model();
    let name = folder.path().file_name().unwrap().to_str().unwrap();
    let vendor = local(LocalModel::Folder(folder.path().into()), "", folder.path());
    let texts = ["good".to_string(), "bad".to_string()];
    let tokens = vendor.embed_tokens(name, &texts).await.unwrap();
    assert_eq!(tokens[0].counts, [false, true, false]);
    let error = vendor.embed("other", &texts).await.unwrap_err().to_string();
    assert!(error.contains("has the one model"), "{error}");
    let error = vendor.complete(&request(&[])).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (Kind::Invalid, "no_chat"));
    assert!(vendor.stream(&request(&[])).await.is_err());
    let gone = local(LocalModel::Folder("/nowhere/tiny".into()), "", folder.path());
    let error = gone.embed("tiny", &texts).await.unwrap_err().to_string();
    assert!(error.contains("/nowhere/tiny") && error.contains("`hub`"), "{error}");
}

#[track_caller]
fn refused(folder: &Folder, parts: &[&str]) {
    let error = Model::load(folder.path()).err().expect("it must not load").to_string();
    for part in parts {
        assert!(error.contains(part), "{part:?} is not in {error}");
    }
}

#[test]
fn settings_that_cannot_be_honoured_are_named() {
    let cases = [
        ("config.json", r#""bert""#, r#""roberta""#, "field `model_type` is \"roberta\""),
        ("config.json", r#""hidden_size":4"#, r#""hidden_size":999999999"#, "`hidden_size` is"),
        ("config.json", r#""hidden_size":4"#, r#""hidden_size":8"#, "is not the hidden_size 8"),
        ("config.json", "_size\":8", "_size\":16", "has the shape [8, 4] instead of [16, 4]"),
        (
            "config.json",
            "_layers\":1",
            "_layers\":2",
            "layer.1.attention.self.query.weight` is missing",
        ),
        ("config.json", "_heads\":2", "_heads\":3", "does not divide"),
        ("config.json", "_heads\":2", "_heads\":-1", "`num_attention_heads` is -1"),
        ("config.json", "vocab_size\":6", "vocab_size\":5", "holds the id 5"),
        (
            "config.json",
            "_embeddings\":16",
            "_embeddings\":16,\"hidden_act\":\"swish\"",
            "`hidden_act`",
        ),
        ("tokenizer.json", "BertNormalizer", "NFC", "normalizer.type"),
        ("tokenizer.json", "BertPreTokenizer", "ByteLevel", "pre_tokenizer.type"),
        ("tokenizer.json", "WordPiece", "BPE", "`model.type` is \"BPE\""),
        ("tokenizer.json", "\"bad\":4", "\"bad\":-4", "no usable id"),
        ("tokenizer.json", "\"[UNK]\",", "\"<unk>\",", "not in vocab"),
        ("modules.json", "models.Pooling", "models.Dense", "Dense"),
        ("modules.json", "1_Pooling", "../1_Pooling", "leads out of"),
        ("1_Pooling/config.json", "mean_tokens", "weightedmean_tokens", "weightedmean_tokens"),
        ("1_Pooling/config.json", "true", "false", "exactly one"),
        ("1_Pooling/config.json", ":4", ":5", "is not the hidden_size 4"),
    ];
    for (file, from, to, wanted) in cases {
        let folder = Folder::with_model();
        folder.edit(file, from, to);
        refused(&folder, &[wanted]);
    }
    let folder = Folder::with_model();
    folder.write("tokenizer_config.json", r#"{"do_lower_case": false}"#);
    refused(&folder, &["tokenizer_config.json", "do_lower_case"]);
}

#[test]
fn broken_files_are_errors() {
    let weights = files().pop().unwrap().1;
    for cut in [0, 7, 8, 100, weights.len() - 1] {
        let folder = Folder::with_model();
        folder.write("model.safetensors", &weights[..cut]);
        refused(&folder, &["model.safetensors", "not a whole safetensors file"]);
    }
    let folder = Folder::with_model();
    let mut huge = weights.clone();
    huge[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    folder.write("model.safetensors", &huge);
    refused(&folder, &["not a whole"]);
    let mut nan = weights.clone();
    let last = nan.len() - 4;
    nan[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    folder.write("model.safetensors", &nan);
    refused(&folder, &["not a finite number"]);
    for (name, _) in files() {
        let folder = Folder::with_model();
        if name != "model.safetensors" {
            folder.write(name, b"{\"a\": ");
            refused(&folder, &[name, "not valid JSON"]);
        }
        std::fs::remove_file(folder.path().join(name)).unwrap();
        if name != "modules.json" {
            refused(&folder, &[name, "is missing"]);
        }
    }
}
