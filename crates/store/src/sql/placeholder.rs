//! Placeholders: statements are written with PostgreSQL's `$1`, which SQLite takes for a *name* and numbers
//! by first appearance. So values are bound by that name and never by position; the text stays as it is.

use rusqlite::{Error, Statement};

use super::value::Value;

/// Binds `values[k - 1]` to every `$k`, and refuses a statement whose placeholders are other than `$1` to
/// `$n` for n values.
pub(crate) fn bind(statement: &mut Statement<'_>, values: &[Value]) -> rusqlite::Result<()> {
    let count = statement.parameter_count();
    if count != values.len() {
        return Err(Error::InvalidParameterCount(values.len(), count));
    }
    for index in 1..=count {
        let name = statement.parameter_name(index).unwrap_or_default().to_string();
        let number = name.strip_prefix('$').and_then(|digits| digits.parse::<usize>().ok());
        let value = number.and_then(|number| values.get(number.checked_sub(1)?));
        let value = value.ok_or_else(|| Error::InvalidParameterName(name.clone()))?;
        statement.raw_bind_parameter(index, value)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::sql::values;

    fn bound(sql: &str, values: Vec<Value>) -> Result<String, String> {
        let connection = Connection::open_in_memory().unwrap();
        let mut statement = connection.prepare(sql).map_err(|error| error.to_string())?;
        bind(&mut statement, &values).map_err(|error| error.to_string())?;
        let mut rows = statement.raw_query();
        let row = rows.next().unwrap().unwrap();
        Ok(row.get(0).unwrap())
    }

    #[test]
    fn values_go_by_number_and_not_by_appearance() {
        assert_eq!(bound("SELECT $2 || $1", values!["a", "b"]).unwrap(), "ba");
        assert_eq!(bound("SELECT '$2' || $1", values!["a"]).unwrap(), "$2a");
    }

    #[test]
    fn gaps_casts_and_wrong_counts_are_refused() {
        assert!(bound("SELECT $1 || $3", values!["a", "b"]).is_err());
        assert!(bound("SELECT $1::text", values!["a"]).is_err());
        assert!(bound("SELECT $1", values!["a", "b"]).is_err());
        assert!(bound("SELECT ?1", values!["a"]).is_err());
    }
}
