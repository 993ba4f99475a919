//! Values of fields that are named like secrets: `client_secret = "…"`, `Authorization: Bearer …`,
//! `--password …`, `my password is …`.
//!
//! The name must end in what makes it a secret's (`api_key`, not `api_key_id` or `tokenizer`), and the value must
//! look drawn. A password may be short, and is then believed if it mixes digits or signs with letters.

use super::chance::{entropy, is_example, is_mixed, is_name, is_placeholder};

/// What the names of such fields contain.
pub(super) const NAMES: [&str; 16] = [
    "key",
    "secret",
    "token",
    "passw",
    "pwd",
    "passphrase",
    "passcode",
    "_pass",
    "credential",
    "authorization",
    "bearer",
    "contraseña",
    "kennwort",
    "mot de passe",
    "sig=",
    "signature=",
];

/// Endings of names whose value is a generated secret; without signs and in small letters.
const SECRETS: [&str; 46] = [
    "secret",
    "token",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "authkey",
    "accountkey",
    "signingkey",
    "encryptionkey",
    "masterkey",
    "servicekey",
    "sharedkey",
    "sharedaccesskey",
    "storagekey",
    "subscriptionkey",
    "licensekey",
    "licencekey",
    "webhookkey",
    "deploykey",
    "adminkey",
    "appkey",
    "applicationkey",
    "botkey",
    "clientkey",
    "consumerkey",
    "serverkey",
    "rootkey",
    "hmackey",
    "sessionkey",
    "cookiekey",
    "jwtkey",
    "openaikey",
    "anthropickey",
    "stripekey",
    "sendgridkey",
    "datadogkey",
    "awskey",
    "azurekey",
    "googlekey",
    "credential",
    "credentials",
    "authorization",
    "bearer",
    "sig",
    "signature",
];
const PASSWORDS: [&str; 11] = [
    "password",
    "passwd",
    "passwort",
    "pwd",
    "pass",
    "passphrase",
    "passcode",
    "kennwort",
    "contraseña",
    "motdepasse",
    "passw",
];
/// Endings that tell one such field from another, and are left out.
const COPIES: [&str; 16] = [
    "prod",
    "production",
    "dev",
    "staging",
    "live",
    "base",
    "value",
    "default",
    "old",
    "new",
    "main",
    "primary",
    "secondary",
    "root",
    "key",
    "env",
];

/// Bytes of a name and of a value.
const NAME: usize = 48;
const VALUE: usize = 512;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Secret,
    Password,
}

/// The value of the field in whose name `at` is.
pub(super) fn find(text: &str, at: usize) -> Option<(usize, usize)> {
    let in_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let head = text.get(..at)?;
    let before: usize =
        head.chars().rev().take(NAME).take_while(|c| in_name(*c)).map(char::len_utf8).sum();
    let tail = text.get(at..)?;
    let after: usize =
        tail.chars().take(NAME).take_while(|c| in_name(*c)).map(char::len_utf8).sum();
    let (start, mut end) = (at - before, at + after);
    if tail.get(..12).is_some_and(|name| name.eq_ignore_ascii_case("mot de passe")) {
        end = at + 12;
    }
    let name = text.get(start..end)?;
    let sort = sort(name)?;
    let from = behind(text, start, end, sort)?;
    let (from, value) = read(text, from)?;
    let holds = match sort {
        Sort::Secret => is_secret(value),
        Sort::Password => is_password(value),
    };
    holds.then_some((from, from + value.len()))
}

/// What the name says of its value, if it is a secret's.
fn sort(name: &str) -> Option<Sort> {
    /// Tokens that say where a list or a task goes on.
    const PLACES: [&str; 5] =
        ["pagetoken", "nexttoken", "continuationtoken", "cancellationtoken", "synctoken"];
    let mut bare: String =
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let ends = |bare: &str, endings: &[&str]| endings.iter().any(|ending| bare.ends_with(ending));
    if ends(&bare, &PLACES) {
        return None;
    }
    for _ in 0..3 {
        if ends(&bare, &SECRETS) {
            return Some(Sort::Secret);
        }
        if ends(&bare, &PASSWORDS) && !bare.ends_with("bypass") && !bare.ends_with("compass") {
            return Some(Sort::Password);
        }
        let digits = bare.trim_end_matches(|c: char| c.is_ascii_digit());
        let shorter = COPIES.iter().find_map(|copy| digits.strip_suffix(copy)).unwrap_or(digits);
        if shorter.len() == bare.len() || shorter.is_empty() {
            return None;
        }
        bare = shorter.to_string();
    }
    None
}

/// Where the value may begin: behind a sign of assignment, or a space where the name is a flag's.
fn behind(text: &str, start: usize, end: usize, sort: Sort) -> Option<usize> {
    let rest = text.get(end..)?;
    let bare = rest.trim_start_matches(['\\', '"', '\'', '`', ']', ')']);
    let skipped = rest.len() - bare.len();
    let spaced = bare.trim_start_matches([' ', '\t']);
    let spaces = bare.len() - spaced.len();
    if skipped > 3 || spaces > 8 {
        return None;
    }
    let at = text.len() - spaced.len();
    let signs = ["=>", ":=", "==", "=", ":", ">"];
    if let Some(sign) = signs.into_iter().find(|sign| spaced.starts_with(sign)) {
        // `a > b` is no assignment; `<password>x</password>` is one.
        let tag = sign != ">" || (spaces == 0 && text.get(..start)?.ends_with('<'));
        return tag.then_some(at + sign.len());
    }
    let flag = text.get(..end)?.get(start..)?.starts_with("--");
    let bearer = text.get(start..end)?.eq_ignore_ascii_case("bearer");
    if (flag || bearer) && spaces > 0 {
        return Some(at);
    }
    let said = [" is ", " ist ", " es ", " est ", " lautet "];
    let said = said.into_iter().find(|said| bare.starts_with(said));
    (sort == Sort::Password && skipped == 0).then_some(())?;
    Some(text.len() - bare.len() + said?.len())
}

/// The value that begins there: in quotes to their end, or to a space or sign that ends one.
fn read(text: &str, from: usize) -> Option<(usize, &str)> {
    let rest = text.get(from..)?;
    let spaced = rest.trim_start_matches([' ', '\t']);
    let spaced = ["Bearer ", "bearer ", "Basic ", "basic ", "Token ", "token "]
        .into_iter()
        .find_map(|scheme| spaced.trim_start_matches(['"', '\'']).strip_prefix(scheme))
        .unwrap_or(spaced);
    let escaped = spaced.starts_with('\\');
    let spaced = spaced.trim_start_matches('\\');
    let quote = spaced.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'));
    let bare = quote.and_then(|quote| spaced.strip_prefix(quote)).unwrap_or(spaced);
    if rest.len() - bare.len() > 16 {
        return None;
    }
    let stops = |c: char| match quote {
        Some(quote) => c == quote || c.is_whitespace() || (escaped && c == '\\'),
        None => {
            c.is_whitespace()
                || matches!(c, '"' | '\'' | '`' | ',' | ';' | '<' | '>' | ')' | ']' | '}' | '&')
        }
    };
    let end = bare.char_indices().find(|(place, c)| *place > VALUE || stops(*c));
    let value = bare.get(..end.map_or(bare.len(), |(place, _)| place))?;
    let value = if quote.is_some() { value } else { value.trim_end_matches(['.', '!', '?', '\\']) };
    Some((text.len() - bare.len(), value))
}

/// Pieces of programs and addresses in place of a value.
fn is_expression(value: &str) -> bool {
    value.contains("://")
        || value.contains('(')
        || value.contains("${")
        || value.contains("{{")
        || value.starts_with(['/', '.', '$', '<', '{', '[', '&', '*', '@', '%'])
        || value.contains("::")
        || value.contains("->")
}

fn is_secret(value: &str) -> bool {
    let plain = value
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+/_=.~-!#$%^&*@?:".contains(&byte));
    let hex = value.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let bits = if hex { super::TOKEN_BITS } else { super::VALUE_BITS };
    plain
        && (16..=VALUE).contains(&value.len())
        && value.bytes().any(|byte| byte.is_ascii_digit())
        && is_mixed(value)
        && entropy(value) >= bits
        && !is_example(value)
        && !is_name(value)
        && !is_placeholder(value)
        && (!is_expression(value) || value.starts_with('/') && value.ends_with('='))
}

fn is_password(value: &str) -> bool {
    let has = |is: fn(&u8) -> bool| value.as_bytes().iter().any(is);
    let signs =
        value.trim_end_matches(['!', '?', '.']).bytes().any(|byte| byte.is_ascii_punctuation());
    let mixed = has(u8::is_ascii_alphabetic) && (has(u8::is_ascii_digit) || signs);
    mixed
        && (8..=128).contains(&value.len())
        && !value.contains(' ')
        && entropy(value) >= 2.5
        && !is_example(value)
        && !is_name(value)
        && !is_placeholder(value)
        && !is_expression(value)
}
