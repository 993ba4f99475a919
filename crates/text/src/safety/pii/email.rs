//! E-mail addresses: what stands around an `@`.
//!
//! Of the local part RFC 5321's dot-atom is read, with letters of any script that puts spaces between words
//! (RFC 6531), without the signs that more often are the text's than the address' (`=`, `/`, `!`, quotes).
//! Quoted local parts and addresses of literal hosts are not found.

use super::page::stands_alone;
use super::{Found, Hit, Kind};

/// Octets of a local part and of a domain (RFC 5321, 4.5.3.1).
const LOCAL: usize = 64;
const DOMAIN: usize = 255;

/// Last labels that are the ends of files' names and no top-level domains: `logo@2x.png`.
const FILES: [&str; 30] = [
    "png", "jpg", "jpeg", "gif", "svg", "webp", "bmp", "ico", "tif", "tiff", "pdf", "js", "jsx",
    "ts", "tsx", "css", "scss", "json", "yaml", "yml", "toml", "xml", "html", "htm", "txt", "csv",
    "lock", "log", "exe", "dll",
];

pub(super) fn find(text: &str, found: &mut Found) {
    for (at, _) in text.match_indices('@') {
        if let Some((start, end)) = around(text, at) {
            found.push(Hit { kind: Kind::Email, rank: 0, start, end });
        }
    }
}

fn around(text: &str, at: usize) -> Option<(usize, usize)> {
    let start = local(text, at)?;
    let end = domain(text, at + 1)?;
    let before = text.get(..start)?;
    let name = text.get(start..at)?;
    // The account in an address of a server is none of a mailbox: `ssh://git@host.com`, `git@host.com:a/b`.
    let is_git = name.eq_ignore_ascii_case("git") && text.get(end..)?.starts_with([':', '/']);
    (!before.ends_with("//") && !is_git).then_some((start, end))
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() && !stands_alone(c)
}

fn local(text: &str, at: usize) -> Option<usize> {
    let mut start = at;
    let mut later = '@';
    for (place, c) in text.get(..at)?.char_indices().rev() {
        // An apostrophe is a quotation mark unless it is inside of a name.
        let inside = |c: char| match c {
            '.' | '\'' | '&' => is_letter(later),
            _ => is_letter(c) || "_%+-".contains(c),
        };
        if !inside(c) || at - place > LOCAL {
            break;
        }
        (start, later) = (place, c);
    }
    let written = text.get(start..at)?;
    let bare = written.trim_start_matches(|c: char| !is_letter(c) && c != '_');
    (!bare.is_empty()).then(|| at - bare.len())
}

fn domain(text: &str, from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    let mut end = 0;
    for (place, c) in rest.char_indices() {
        if !(is_letter(c) || c == '-' || c == '.') || place > DOMAIN {
            break;
        }
        end = place + c.len_utf8();
    }
    let written = rest.get(..end)?;
    // A sentence may end with the address: labels are taken as long as they are some.
    let labels = written.split('.').take_while(|label| is_label(label));
    let name = labels.fold(0, |length, label| length + label.len() + 1).checked_sub(1)?;
    let name = written.get(..name)?;
    let (_, top) = name.rsplit_once('.')?;
    let is_top = top.starts_with("xn--") || top.chars().all(char::is_alphabetic);
    let is_file = FILES.contains(&&*top.to_ascii_lowercase());
    let goes_on = rest.get(name.len()..)?.starts_with(['_', '@', '(']);
    ((2..=24).contains(&top.chars().count()) && is_top && !is_file && !goes_on)
        .then_some(from + name.len())
}

fn is_label(label: &str) -> bool {
    !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-')
}
