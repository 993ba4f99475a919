//! Addresses and names that try to get round the rule.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::str::FromStr;

use super::*;

const GUARDED: Rule = Rule { private: false };
const OPEN: Rule = Rule { private: true };

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn every_range_at_its_edges() {
    let cases = [
        (
            Reach::Public,
            "8.8.8.8 9.255.255.255 11.0.0.0 172.15.255.255 172.32.0.0 192.167.1.1 192.169.0.0 \
          100.63.255.255 100.128.0.0 169.253.0.1 169.255.0.1 198.17.0.1 198.20.0.1 223.255.255.255 \
          2606:4700::1 2a00:1450::5 64:ff9b::808:808 2002:808:808::1 fe00::1",
        ),
        (Reach::Loopback, "127.0.0.1 127.255.255.255 ::1 ::ffff:127.0.0.1 64:ff9b::7f00:1"),
        (
            Reach::Private,
            "10.0.0.0 10.255.255.255 172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255 \
          100.64.0.0 100.127.255.255 198.18.0.1 198.19.255.255 fc00::1 fdff::1 fec0::1 ::ffff:10.1.2.3 \
          ::10.1.2.3 64:ff9b::a00:1 64:ff9b:1::1 2002:a00:1::",
        ),
        (
            Reach::Never,
            "0.0.0.0 0.1.2.3 169.254.0.0 169.254.169.254 224.0.0.1 239.1.1.1 240.0.0.1 \
          255.255.255.255 192.0.0.8 fe80::1 febf::1 ff02::1 :: fd00:ec2::254 ::ffff:169.254.169.254 \
          64:ff9b::a9fe:a9fe 2002:a9fe:a9fe::",
        ),
    ];
    for (wanted, addresses) in cases {
        for address in addresses.split_whitespace() {
            assert_eq!(reach(ip(address)), wanted, "{address}");
        }
    }
}

#[test]
fn literals() {
    for good in ["127.0.0.1", "[::1]", "8.8.8.8", "api.example.com", "10.example.com"] {
        assert_eq!(GUARDED.check_literal(good), Ok(()), "{good}");
    }
    for bad in ["10.0.0.1", "[fd12::1]", "[::ffff:192.168.1.1]", "100.64.1.1"] {
        assert!(GUARDED.check_literal(bad).unwrap_err().by_choice, "{bad}");
        assert_eq!(OPEN.check_literal(bad), Ok(()), "{bad}");
    }
    for never in ["169.254.169.254", "[fe80::1]", "0.0.0.0", "[fd00:ec2::254]"] {
        assert!(!GUARDED.check_literal(never).unwrap_err().by_choice, "{never}");
        assert!(!OPEN.check_literal(never).unwrap_err().by_choice, "{never}");
    }
}

/// A resolver whose answers change from one look-up to the next.
struct Rebinding(Vec<&'static [&'static str]>);

impl Service<Name> for Rebinding {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Name) -> Self::Future {
        let found: Vec<_> = self.0.remove(0).iter().map(|a| SocketAddr::new(ip(a), 0)).collect();
        ready(Ok(found.into_iter()))
    }
}

async fn resolve(
    guarded: &mut Guarded<Rebinding>,
    host: &str,
) -> Result<Vec<String>, Option<Forbidden>> {
    let found = guarded.call(Name::from_str(host).unwrap()).await;
    found.map(|all| all.map(|a| a.ip().to_string()).collect()).map_err(|e| refusal(e.as_ref()))
}

#[tokio::test]
async fn names_are_checked_at_each_look_up() {
    let answers: Vec<&[&str]> = vec![
        &["93.184.216.34"],
        &["192.168.0.7"],
        &["10.0.0.1", "93.184.216.34"],
        &["127.0.0.1"],
        &["169.254.169.254"],
    ];
    let mut guarded = Guarded { resolver: Rebinding(answers), rule: GUARDED };
    let host = "api.example.com";
    assert_eq!(resolve(&mut guarded, host).await, Ok(vec!["93.184.216.34".to_string()]));
    let refused =
        |address: &str, by_choice| Err(Some(Forbidden { address: ip(address), by_choice }));
    assert_eq!(resolve(&mut guarded, host).await, refused("192.168.0.7", true));
    assert_eq!(resolve(&mut guarded, host).await, Ok(vec!["93.184.216.34".to_string()]));
    assert_eq!(resolve(&mut guarded, host).await, refused("127.0.0.1", true));
    assert_eq!(resolve(&mut guarded, host).await, refused("169.254.169.254", false));
}

#[tokio::test]
async fn names_of_this_machine_and_of_the_permitted_network() {
    let mut guarded =
        Guarded { resolver: Rebinding(vec![&["127.0.0.1", "::1"]; 2]), rule: GUARDED };
    assert_eq!(resolve(&mut guarded, "localhost").await.unwrap().len(), 2);
    assert_eq!(resolve(&mut guarded, "Ollama.LOCALHOST").await.unwrap().len(), 2);
    let mut open =
        Guarded { resolver: Rebinding(vec![&["10.0.0.9"], &["169.254.169.254"]]), rule: OPEN };
    assert_eq!(resolve(&mut open, "vllm.lan").await, Ok(vec!["10.0.0.9".to_string()]));
    assert!(resolve(&mut open, "vllm.lan").await.is_err());
}
