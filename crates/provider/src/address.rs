//! Which addresses a vendor may have.
//!
//! A provider's host is looked up anew for each connection, so what it resolves to is checked at that moment,
//! in the resolver itself: a name that answered well yesterday may point into the network today. Refused are
//! private and shared ranges unless the provider says `allow_private: true`, and always what no vendor has:
//! link-local addresses, where clouds keep the credentials of their machines, multicast and reserved ones.
//! Loopback is for those who write it: a public name that resolves to it is refused as well.
//!
//! Ranges: IANA's special-purpose registries (RFC 6890 and its updates).

use std::error::Error as StdError;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower_service::Service;

/// What an address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Anybody.
    Public,
    /// This machine.
    Loopback,
    /// A private network.
    Private,
    /// No host that could be a vendor's.
    Never,
}

/// Why an address is not connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forbidden {
    /// The address.
    pub address: IpAddr,
    /// Whether `allow_private: true` would permit it.
    pub by_choice: bool,
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not a public address", self.address)
    }
}

impl StdError for Forbidden {}

/// What `address` is for.
pub(crate) fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(v4) => reach_v4(v4),
        IpAddr::V6(v6) => reach_v6(v6),
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    match address.octets() {
        [127, ..] => Reach::Loopback,
        [10, ..] | [192, 168, ..] => Reach::Private,
        [172, second, ..] if second & 0xf0 == 16 => Reach::Private,
        [100, second, ..] if second & 0xc0 == 64 => Reach::Private,
        // Benchmark networks (RFC 2544) are as private as the others.
        [198, 18 | 19, ..] => Reach::Private,
        [0, ..] | [169, 254, ..] | [192, 0, 0, _] | [224..=255, ..] => Reach::Never,
        _ => Reach::Public,
    }
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    let segments = address.segments();
    if address.is_loopback() {
        return Reach::Loopback;
    }
    // Addresses of the other family in this one's clothes: mapped, compatible, NAT64 and 6to4.
    let [a, b, c, d, e, f, g, h] = segments;
    let v4 = |high: u16, low: u16| {
        let ([p, q], [r, s]) = (high.to_be_bytes(), low.to_be_bytes());
        reach_v4(Ipv4Addr::new(p, q, r, s))
    };
    match [a, b, c, d, e, f] {
        [0, 0, 0, 0, 0, 0xffff | 0] => return v4(g, h),
        [0x64, 0xff9b, 0, 0, 0, 0] => return v4(g, h),
        // Local-use NAT64 reaches whatever its operator routes (RFC 8215).
        [0x64, 0xff9b, 1, ..] => return Reach::Private,
        [0x2002, high, low, ..] => return v4(high, low),
        _ => {}
    }
    match a {
        // The address of a cloud's metadata server inside the private range.
        0xfd00 if segments == [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] => Reach::Never,
        _ if a & 0xfe00 == 0xfc00 => Reach::Private,
        // Site-local, long deprecated.
        _ if a & 0xffc0 == 0xfec0 => Reach::Private,
        _ if a & 0xffc0 == 0xfe80 || a & 0xff00 == 0xff00 => Reach::Never,
        _ => Reach::Public,
    }
}

/// What a client may connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Whether private networks are meant.
    pub(crate) private: bool,
}

impl Rule {
    /// Whether `address`, which `host` resolves to or is, may be connected to.
    pub(crate) fn check(self, host: &str, address: IpAddr) -> Result<(), Forbidden> {
        let permitted = match reach(address) {
            Reach::Public => true,
            Reach::Loopback => self.private || names_loopback(host),
            Reach::Private => self.private,
            Reach::Never => false,
        };
        let by_choice = !self.private && reach(address) != Reach::Never;
        if permitted { Ok(()) } else { Err(Forbidden { address, by_choice }) }
    }

    /// Checks a host that is written as an address, which no resolver sees.
    pub(crate) fn check_literal(self, host: &str) -> Result<(), Forbidden> {
        let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        inner.parse().map_or(Ok(()), |address| self.check(host, address))
    }
}

/// Whether who wrote `host` meant this machine.
fn names_loopback(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&host);
    host == "localhost"
        || host.ends_with(".localhost")
        || inner.parse().is_ok_and(|address| reach(address) == Reach::Loopback)
}

/// A resolver that leaves out addresses which may not be connected to, and fails if none is left.
#[derive(Debug, Clone)]
pub(crate) struct Guarded<R = GaiResolver> {
    pub(crate) resolver: R,
    pub(crate) rule: Rule,
}

/// The addresses that are left.
type Resolved = std::vec::IntoIter<SocketAddr>;
type Cause = Box<dyn StdError + Send + Sync>;

impl<R> Service<Name> for Guarded<R>
where
    R: Service<Name>,
    R::Response: Iterator<Item = SocketAddr>,
    R::Error: Into<Cause>,
    R::Future: Send + 'static,
{
    type Response = Resolved;
    type Error = Cause;
    type Future = Pin<Box<dyn Future<Output = Result<Resolved, Cause>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Cause>> {
        self.resolver.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let host = name.as_str().to_string();
        let (rule, found) = (self.rule, self.resolver.call(name));
        Box::pin(async move {
            let found: Vec<SocketAddr> = found.await.map_err(Into::into)?.collect();
            let check = |found: &SocketAddr| rule.check(&host, found.ip());
            let first = found.iter().find_map(|address| check(address).err());
            let left: Vec<_> = found.into_iter().filter(|found| check(found).is_ok()).collect();
            match first {
                Some(forbidden) if left.is_empty() => Err(forbidden.into()),
                _ => Ok(left.into_iter()),
            }
        })
    }
}

/// The refusal among the causes of an error.
pub(crate) fn refusal(error: &(dyn StdError + 'static)) -> Option<Forbidden> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<Forbidden>() {
            return Some(*found);
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests;
