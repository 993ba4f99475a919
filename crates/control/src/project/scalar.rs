//! Types of plain scalars by the core schema of YAML 1.2 (§10.3.2): `yes`, `no`, `on` and `off` are texts,
//! as are dates and `2.1.0`.

use super::node::Value;

/// What an unquoted scalar means.
pub(super) fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if is_integer(text) => Value::Int(text.into()),
        _ if is_float(text) => Value::Float(text.into()),
        _ => Value::Text(text.into()),
    }
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['-', '+']).unwrap_or(text)
}

fn all(text: &str, fits: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(fits)
}

fn is_integer(text: &str) -> bool {
    let octal = text.strip_prefix("0o");
    let hexadecimal = text.strip_prefix("0x");
    all(unsigned(text), |c| c.is_ascii_digit())
        || octal.is_some_and(|digits| all(digits, |c| matches!(c, b'0'..=b'7')))
        || hexadecimal.is_some_and(|digits| all(digits, |c| c.is_ascii_hexdigit()))
}

fn is_float(text: &str) -> bool {
    if matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let body = unsigned(text);
    if matches!(body, ".inf" | ".Inf" | ".INF") {
        return true;
    }
    let (mantissa, exponent) = match body.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(unsigned(exponent))),
        None => (body, None),
    };
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
    digits(whole)
        && digits(decimals)
        && !(whole.is_empty() && decimals.is_empty())
        && exponent.is_none_or(|exponent| all(exponent, |c| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_core_schema() {
        let word = |text| match resolve(text) {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Float(_) => "float",
            _ => "text",
        };
        for (text, wanted) in [
            ("", "null"),
            ("~", "null"),
            ("nULL", "text"),
            ("True", "bool"),
            ("yes", "text"),
            ("off", "text"),
            ("007", "int"),
            ("-12", "int"),
            ("0o17", "int"),
            ("0o18", "text"),
            ("0xfF", "int"),
            ("1.5", "float"),
            (".5", "float"),
            ("5.", "float"),
            ("1e3", "float"),
            ("1e", "text"),
            (".", "text"),
            ("-.inf", "float"),
            ("-.nan", "text"),
            ("2.1.0", "text"),
            ("2026-01-01", "text"),
            ("1_000", "text"),
            ("10s", "text"),
        ] {
            assert_eq!(word(text), wanted, "{text}");
        }
    }
}
