//! Placeholders: statements are written with PostgreSQL's `$1`, SQLite wants `?1`.

/// The same statement with `?1` for every `$1` outside of quoted text.
pub(crate) fn for_sqlite(sql: &str) -> String {
    let mut quoted = false;
    let mut rest = sql.chars().peekable();
    let mut rewritten = String::with_capacity(sql.len());
    while let Some(c) = rest.next() {
        quoted ^= c == '\'';
        let placeholder = c == '$' && !quoted && rest.peek().is_some_and(char::is_ascii_digit);
        rewritten.push(if placeholder { '?' } else { c });
    }
    rewritten
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_placeholders_change() {
        let check = |sql, wanted: &str| assert_eq!(for_sqlite(sql), wanted);
        check("a = $1 AND b = $12", "a = ?1 AND b = ?12");
        check("a = '$1' AND b = $2", "a = '$1' AND b = ?2");
        check("a = 'it''s $1' AND b = $2", "a = 'it''s $1' AND b = ?2");
        check("$ and $x", "$ and $x");
        check("", "");
    }
}
