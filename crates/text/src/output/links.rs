//! Links and images in an answer, and whether they lead to a host that is allowed.
//!
//! A link that is shown can carry off what the conversation holds, and an image does so without a click. Found are
//! addresses with a scheme and those beginning with `www.`, wherever they stand, and the targets of Markdown links,
//! images and references, of HTML attributes and of CSS, also without a scheme (`//host`). A name without any of
//! that (`example.com`) is text.
//!
//! A target is read as browsers read it (entities, tabs and line breaks inside, backslashes for slashes,
//! full-width letters), and what could be read in two ways is not allowed: a user before the host, percent signs
//! or spaces in it. Nor are `data:`, `javascript:` and other schemes that name no host. Names of other scripts are
//! compared as they are written, so that a look-alike of an allowed host is another host; so is `xn--…`.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use unicode_normalization::UnicodeNormalization;

/// Hosts that answers may lead to.
#[derive(Debug, Clone, Default)]
pub struct Allowed {
    hosts: BTreeSet<String>,
    /// Endings, with their dot.
    under: Vec<String>,
}

impl Allowed {
    /// `example.com` is that host alone, `*.example.com` every name under it, and not itself.
    pub fn new<'a>(hosts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut allowed = Self::default();
        for host in hosts {
            let host = folded(host);
            match host.strip_prefix('*') {
                Some(ending) if ending.starts_with('.') => allowed.under.push(ending.to_string()),
                _ => {
                    allowed.hosts.insert(host);
                }
            }
        }
        allowed
    }

    fn permits(&self, host: &str) -> bool {
        let host = folded(host);
        let host = host.strip_suffix('.').unwrap_or(&host);
        let is_under =
            |ending: &String| host.len() > ending.len() && host.ends_with(ending.as_str());
        self.hosts.contains(host) || self.under.iter().any(is_under)
    }
}

/// As hosts are compared: compatibility forms and the dots of other scripts are what they stand for.
fn folded(host: &str) -> String {
    let dot = |c: char| if matches!(c, '。' | '．' | '｡') { '.' } else { c };
    host.trim().chars().map(dot).nfkc().collect::<String>().to_lowercase()
}

/// A link that is not allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkFinding {
    /// `link-host`: leads to a host that is not allowed; `link-scheme`: has a scheme that is not;
    /// `link-disguised`: could be read in two ways.
    pub rule: &'static str,
    /// The first byte of the target, and the first one after it.
    pub start: usize,
    /// See `start`.
    pub end: usize,
}

/// What could be a target, and where in the match it stands (group 1).
const PATTERNS: [&str; 6] = [
    // An address with a scheme that is known to be one, or with a place for a host.
    r#"(?i)\b((?:(?:https?|ftps?|wss?|javascript|vbscript)(?::|&colon;|&#0*58;?|&#x0*3a;?)|file:[/\\]|data:(?:[a-z]+/|[;,])|blob:http)[^\s<>"'`]+|[a-z][a-z0-9+.-]{0,20}:(?://|\\\\)[^\s<>"'`]+)"#,
    r#"(?i)\b(www\d{0,3}\.[^\s<>"'`]+)"#,
    // [text](target), ![text](<target>)
    r"\]\(\s{0,8}<?\s{0,8}([^\s<>()]+(?:\([^\s<>()]*\)[^\s<>()]*)*)",
    // [name]: target
    r"(?m)^[ \t>]{0,12}\[[^\]\n]{1,200}\]:\s{0,8}<?([^\s<>]+)",
    r#"(?is)\b(?:href|src|srcset|action|formaction|poster|data|background|cite|longdesc|ping|content|codebase|manifest|icon)\s{0,8}=\s{0,8}(?:"([^"]+)|'([^']+)|([^\s"'>]+))"#,
    r#"(?i)\burl\(\s{0,8}["']?([^\s"')]+)"#,
];

static FINDERS: LazyLock<Vec<Regex>> =
    LazyLock::new(|| PATTERNS.iter().filter_map(|pattern| Regex::new(pattern).ok()).collect());

/// The links of a text that are not allowed, by their start.
pub fn forbidden(text: &str, allowed: &Allowed) -> Vec<LinkFinding> {
    if !text.contains([':', '/', '\\', ']', '=', '.']) {
        return vec![];
    }
    let mut found: Vec<LinkFinding> = vec![];
    for (index, finder) in FINDERS.iter().enumerate() {
        for captures in finder.captures_iter(text) {
            let Some(target) = captures.iter().skip(1).flatten().next() else { continue };
            // Addresses that stand in a text end before its punctuation.
            let written =
                if index < 2 { target.as_str().trim_end_matches(ends) } else { target.as_str() };
            // `content` and the like are mostly no targets.
            let is_bare = || {
                let read = read(written);
                !read.contains(':') && !begins_host(&read)
            };
            if index == 4 && is_bare() {
                continue;
            }
            if let Some(rule) = refused(written, allowed) {
                let (start, end) = (target.start(), target.start() + written.len());
                found.push(LinkFinding { rule, start, end });
            }
        }
    }
    found.sort_by_key(|link| (link.start, std::cmp::Reverse(link.end)));
    let mut reached = 0;
    found.retain(|link| {
        let is_new = link.end > reached;
        reached = reached.max(link.end);
        is_new
    });
    found
}

fn ends(c: char) -> bool {
    matches!(c, '.' | ',' | ';' | '!' | '?' | ')' | ']' | '}' | '*' | '_' | '"' | '\'')
}

fn begins_host(target: &str) -> bool {
    let mut chars = target.trim_start().chars();
    matches!((chars.next(), chars.next()), (Some('/' | '\\'), Some('/' | '\\')))
}

/// Why a target is not allowed.
fn refused(written: &str, allowed: &Allowed) -> Option<&'static str> {
    let target = read(written);
    let lower = target.to_lowercase();
    let rest = match lower.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => match scheme {
            "http" | "https" | "ftp" | "ftps" | "ws" | "wss" => {
                rest.trim_start_matches(['/', '\\'])
            }
            // People are written to, not machines.
            "mailto" | "tel" | "sms" => return None,
            "javascript" | "vbscript" | "data" | "file" | "blob" => return Some("link-scheme"),
            _ if begins_host(rest) => return Some("link-scheme"),
            _ => return None,
        },
        _ if begins_host(&lower) => lower.trim_start_matches(['/', '\\']),
        _ if lower.starts_with("www") => &lower,
        _ => return None,
    };
    let authority = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() {
        return None;
    }
    // Readers differ about what a backslash ends.
    let until_slash = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_odd = |c: char| c == '@' || c == '%' || c.is_whitespace() || c.is_control();
    if until_slash.contains('@') || authority.contains(is_odd) {
        return Some("link-disguised");
    }
    (!allowed.permits(host(authority))).then_some("link-host")
}

/// The host of `host:port` or `[host]:port`.
fn host(authority: &str) -> &str {
    if let Some(inner) = authority.strip_prefix('[') {
        return inner.split(']').next().unwrap_or_default();
    }
    authority.split(':').next().unwrap_or_default()
}

fn is_scheme(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic())
        && chars.all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c))
}

/// A target as a browser reads it: entities decoded, tabs and line breaks left out.
fn read(written: &str) -> String {
    static ENTITY: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?i)&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(colon|sol|bsol|commat|period|amp|tab|newline));?").ok()
    });
    let inner: String =
        written.trim().chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
    let inner = match (&*ENTITY, inner.contains('&')) {
        (Some(entity), true) => entity.replace_all(&inner, decoded).into_owned(),
        _ => inner,
    };
    let is_text = |c: &char| {
        !matches!(
            c,
            '\t' | '\n' | '\r' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
        )
    };
    inner.chars().filter(is_text).skip_while(|c| c.is_whitespace() || c.is_control()).collect()
}

fn decoded(captures: &regex::Captures<'_>) -> String {
    let number = |group: usize, radix: u32| {
        let digits = captures.get(group)?.as_str();
        char::from_u32(u32::from_str_radix(digits, radix).ok()?)
    };
    let named = captures.get(3).map(|name| match name.as_str().to_lowercase().as_str() {
        "colon" => ':',
        "sol" => '/',
        "bsol" => '\\',
        "commat" => '@',
        "period" => '.',
        "tab" => '\t',
        "newline" => '\n',
        _ => '&',
    });
    number(1, 10).or_else(|| number(2, 16)).or(named).map(String::from).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Vec<(&'static str, String)> {
        let allowed =
            Allowed::new(["example.com", "*.example.com", "Docs.Example.ORG", "192.0.2.7"]);
        forbidden(text, &allowed)
            .into_iter()
            .map(|link| (link.rule, text[link.start..link.end].to_string()))
            .collect()
    }

    #[test]
    fn every_pattern_is_one() {
        assert_eq!(FINDERS.len(), PATTERNS.len());
    }

    #[test]
    fn what_leads_to_allowed_hosts_or_nowhere_is_allowed() {
        for text in [
            "See https://example.com/a?b=c#d and https://help.example.com:8443/x.",
            "[here](https://example.com/a_(b)) ![img](<//img.example.com/x.png>) [up](../up.md#x)",
            "[1]: https://EXAMPLE.com/path 'title'\n<https://example.com>",
            "<a href=\"/local\">x</a> <img src='https://a.b.example.com/x'> <input data=5 content=\"a b\">",
            "http://docs.example.org. http://192.0.2.7/x www.example.com",
            "Ratio 3:4, at 12:30, note: this; C:\\path, // a comment, a::b, std::fmt, e.g. example.net",
            "mailto:ada@example.net tel:+491234 [mail](mailto:x@y.example)",
            "ｈｔｔｐｓ://ｅｘａｍｐｌｅ.com",
        ] {
            assert_eq!(rules(text), [], "{text}");
        }
    }

    #[test]
    fn what_leads_elsewhere_is_found() {
        for (text, rule, target) in [
            ("x https://evil.net/?q=1, y", "link-host", "https://evil.net/?q=1"),
            (
                "![x](https://evil.net/a.png?d=secret)",
                "link-host",
                "https://evil.net/a.png?d=secret",
            ),
            ("![x](//evil.net/a.png)", "link-host", "//evil.net/a.png"),
            ("[x][1]\n\n[1]: //evil.net", "link-host", "//evil.net"),
            ("[x](<\\\\evil.net/a>)", "link-host", "\\\\evil.net/a"),
            ("<IMG SRC=//evil.net/a>", "link-host", "//evil.net/a"),
            ("<iframe src='https://evil.net'>", "link-host", "https://evil.net"),
            ("<a href=\"ht\ntps://evil.net/\">", "link-host", "ht\ntps://evil.net/"),
            (
                "<a href=\"&#104;ttps&colon;//evil.net\">",
                "link-host",
                "&#104;ttps&colon;//evil.net",
            ),
            ("<div style=\"background:url('//evil.net/x')\">", "link-host", "//evil.net/x"),
            ("www.evil.net", "link-host", "www.evil.net"),
            ("https:\\\\evil.net\\x", "link-host", "https:\\\\evil.net\\x"),
            ("https:evil.net", "link-host", "https:evil.net"),
            ("https://example.com.evil.net/", "link-host", "https://example.com.evil.net/"),
            ("https://notexample.com/", "link-host", "https://notexample.com/"),
            ("https://еxample.com/", "link-host", "https://еxample.com/"),
            ("https://xn--xample-2of.com/", "link-host", "https://xn--xample-2of.com/"),
            ("http://2130706433/", "link-host", "http://2130706433/"),
            ("http://[2001:db8::1]:80/", "link-host", "http://[2001:db8::1]:80/"),
            ("https://example.com@evil.net/", "link-disguised", "https://example.com@evil.net/"),
            (
                "https://example.com\\@evil.net/",
                "link-disguised",
                "https://example.com\\@evil.net/",
            ),
            ("https://evil%2enet/", "link-disguised", "https://evil%2enet/"),
            ("[x](javascript:alert(1))", "link-scheme", "javascript:alert(1)"),
            ("![x](data:image/png;base64,AAAA)", "link-scheme", "data:image/png;base64,AAAA"),
            ("intent://evil.net/x", "link-scheme", "intent://evil.net/x"),
            ("gopher://evil.net/x", "link-scheme", "gopher://evil.net/x"),
        ] {
            assert_eq!(rules(text), [(rule, target.to_string())], "{text}");
        }
    }

    #[test]
    fn an_ending_is_not_its_own_name_under_it() {
        let only = Allowed::new(["*.example.com"]);
        assert!(only.permits("a.example.com") && only.permits("a.b.example.com."));
        assert!(!only.permits("example.com") && !only.permits(".example.com"));
    }
}
