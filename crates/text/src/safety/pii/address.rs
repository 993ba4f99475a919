//! Addresses of machines: IPv4, IPv6 (RFC 4291, with zone and prefix length) and MAC.
//!
//! Four numbers with dots are more often a version or a chapter than an address where the words before say so.

use core::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use super::context::{Said, Words, nearest};
use super::page::Page;
use super::{Found, Hit, Kind};

static ADDRESSES: LazyLock<Words> = LazyLock::new(|| {
    Words::new(&[
        "ip",
        "ipv4",
        "ipv6",
        "address",
        "adresse",
        "host",
        "server",
        "dns",
        "gateway",
        "subnet",
        "ping",
        "router",
        "dirección",
        "netmask",
        "proxy",
        "地址",
    ])
});
static VERSIONS: LazyLock<Words> = LazyLock::new(|| {
    Words::new(&[
        "version",
        "versions",
        "ver",
        "v",
        "firmware",
        "chapter",
        "section",
        "sections",
        "sec",
        "release",
        "released",
        "build",
        "revision",
        "rev",
        "upgrade",
        "upgraded",
        "update",
        "updated",
        "downgrade",
        "kapitel",
        "abschnitt",
        "clause",
        "article",
        "figure",
        "table",
        "paragraph",
        "appendix",
        "driver",
        "software",
        "package",
        "patch",
        "abs",
        "版本",
    ])
});

/// Whether an address can be somebody's: not private, local, reserved for documents or for groups.
pub fn is_public(written: &str) -> bool {
    let bare = written.split(['%', '/']).next().unwrap_or_default();
    if let Ok(address) = bare.parse::<Ipv4Addr>() {
        return !(address.is_private()
            || address.is_loopback()
            || address.is_link_local()
            || address.is_broadcast()
            || address.is_multicast()
            || address.is_documentation()
            || address.octets().starts_with(&[0]));
    }
    bare.parse::<Ipv6Addr>().is_ok_and(|address| {
        let [first, second, ..] = address.segments();
        (0x2000..=0x3fff).contains(&first) && (first, second) != (0x2001, 0xdb8)
    })
}

/// Dotted quads.
pub(super) fn ipv4(page: &Page<'_>, at: usize, found: &mut Found) {
    let quad = || {
        let last = page.words.get(at + 3)?;
        let first = page.words.get(at)?;
        let dotted = (at..at + 3).all(|i| page.sign(i) == Some('.'));
        (dotted && first.number && last.number).then_some((first.start, last.end))
    };
    let Some((start, end)) = quad() else { return };
    let is_address = page.part(start, end).parse::<Ipv4Addr>().is_ok();
    let mut before = page.text.get(..start).unwrap_or_default().chars().rev();
    let attached = match (before.next(), before.next()) {
        (Some('_' | '^' | '~'), _) | (Some('='), Some('=' | '>' | '<' | '~')) => true,
        (Some('-' | '.'), Some(c)) => c.is_alphanumeric(),
        _ => false,
    };
    let mut after = page.text.get(end..).unwrap_or_default().chars();
    let longer = match (after.next(), after.next()) {
        (Some('_' | '+'), _) => true,
        (Some('.'), Some(c)) => c.is_ascii_digit(),
        (Some('-'), Some(c)) => c.is_alphabetic(),
        _ => false,
    };
    if is_address
        && !attached
        && !longer
        && nearest(page.text, start, &ADDRESSES, &VERSIONS) != Said::Against
    {
        let end = prefix(page.text, end, 32);
        found.push(Hit { kind: Kind::Ip, rank: 1, start, end });
    }
}

/// The end of a prefix length after an address, if there is a right one.
fn prefix(text: &str, end: usize, most: u32) -> usize {
    let rest = text.get(end..).unwrap_or_default();
    let digits = rest.strip_prefix('/').unwrap_or_default();
    let length = digits.bytes().take(4).take_while(u8::is_ascii_digit).count();
    let bits = digits.get(..length).and_then(|bits| bits.parse().ok());
    if bits.is_some_and(|bits: u32| bits <= most) { end + 1 + length } else { end }
}

/// IPv6 and MAC addresses with colons: what stands around each run of hexadecimal digits and colons.
pub(super) fn colons(text: &str, found: &mut Found) {
    let bytes = text.as_bytes();
    let mut reached = 0;
    for (at, _) in text.match_indices(':') {
        if at < reached {
            continue;
        }
        let belongs = |byte: &&u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
        let before = bytes.get(reached..at).unwrap_or_default();
        let start = at - before.iter().rev().take(5).take_while(belongs).count();
        let length = bytes.get(start..).unwrap_or_default().iter().take_while(belongs).count();
        reached = start + length;
        let written = text.get(start..reached).unwrap_or_default();
        if written.bytes().filter(|byte| *byte == b':').count() < 2 {
            continue;
        }
        if let Some(end) = ipv6(text, start, written) {
            found.push(Hit { kind: Kind::Ip, rank: 1, start, end });
        } else if written.len() == 17 {
            mac(text, start, b':', found);
        }
    }
}

fn ipv6(text: &str, start: usize, written: &str) -> Option<usize> {
    // Longer than any address: 39 signs, or 45 with a dotted quad, and a full stop behind it.
    if written.len() > 47 {
        return None;
    }
    let bare = [written, written.trim_end_matches(['.', ':']), written.trim_end_matches('.')];
    let address = bare.into_iter().find(|bare| bare.parse::<Ipv6Addr>().is_ok())?;
    let mut end = start + address.len();
    // `1::2`, `[::3]` and `a::b` are pieces of programs: an address that is shortened has a group of three
    // digits or more, a dotted quad, or is one of the two that everyone knows.
    let said = address.split([':', '.']).any(|group| group.len() >= 3) && has_digit(address);
    let known = address == "::1" || address == "::" && text.get(end..)?.starts_with("/");
    let outer = text.get(..start)?.chars().next_back();
    let apart = outer.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != '.');
    if !(said || known || address.contains('.')) || !apart {
        return None;
    }
    if let Some(zone) = text.get(end..)?.strip_prefix('%') {
        let length = zone.bytes().take(16).take_while(u8::is_ascii_alphanumeric).count();
        end += if length > 0 { 1 + length } else { 0 };
    }
    let end = prefix(text, end, 128);
    let next = text.get(end..)?.chars().next();
    next.is_none_or(|c| !c.is_alphanumeric() && c != '_').then_some(end)
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

/// MAC addresses with hyphens, and in Cisco's three groups with dots.
pub(super) fn hyphens(text: &str, found: &mut Found) {
    let bytes = text.as_bytes();
    for (at, _) in text.match_indices('-') {
        if at >= 2 && bytes.get(at + 3) == Some(&b'-') {
            mac(text, at - 2, b'-', found);
        }
    }
    for (at, _) in text.match_indices('.') {
        if at >= 4 && bytes.get(at + 5) == Some(&b'.') {
            mac(text, at - 4, b'.', found);
        }
    }
}

fn mac(text: &str, start: usize, sign: u8, found: &mut Found) {
    let (width, length) = if sign == b'.' { (4, 14) } else { (2, 17) };
    let Some(written) = text.get(start..start + length) else { return };
    let shaped = written.bytes().enumerate().all(|(i, byte)| {
        if i % (width + 1) == width { byte == sign } else { byte.is_ascii_hexdigit() }
    });
    let beside = |c: Option<char>| {
        c.is_some_and(|c| c.is_alphanumeric() || c == '_' || Some(c) == char::from_u32(sign.into()))
    };
    let inside = beside(text.get(..start).and_then(|head| head.chars().next_back()));
    // A full stop may follow; a fourth group may not.
    let mut after = text.get(start + length..).unwrap_or_default().chars();
    let next = after.next();
    let longer = if next == Some('.') { beside(after.next()) } else { beside(next) };
    let letters = written.bytes().any(|byte| byte.is_ascii_alphabetic());
    let digits: Vec<u8> = written.bytes().filter(|byte| *byte != sign).collect();
    // All alike is the address of all or of none.
    let nobody = digits.windows(2).all(|pair| pair.first() == pair.last());
    if shaped && !inside && !longer && !nobody && (letters || sign == b':' || width == 2) {
        found.push(Hit { kind: Kind::Mac, rank: 1, start, end: start + length });
    }
}
