//! Placeholders: statements are written with PostgreSQL's `$1`, which SQLite takes for a *name* and numbers
//! by first appearance. So values are bound by that name and never by position; the text stays as it is.

use rusqlite::{Error, Statement};

use super::value::Value;

/// Where in a list of values each of a statement's parameters finds its own: found once for a statement that is
/// executed many times, because it means comparing names.
#[derive(Debug)]
pub(crate) struct Order(Vec<usize>);

impl Order {
    /// The order of `statement` for `count` values; refuses one whose placeholders are other than `$1` to
    /// `$count`.
    pub(crate) fn of(statement: &Statement<'_>, count: usize) -> rusqlite::Result<Self> {
        let parameters = statement.parameter_count();
        if parameters != count {
            return Err(Error::InvalidParameterCount(count, parameters));
        }
        let places = (1..=count).map(|index| {
            let name = statement.parameter_name(index).unwrap_or_default();
            let number = name.strip_prefix('$').and_then(|digits| digits.parse::<usize>().ok());
            let place = number.and_then(|number| number.checked_sub(1));
            let place = place.filter(|place| *place < count);
            place.ok_or_else(|| Error::InvalidParameterName(name.to_string()))
        });
        places.collect::<rusqlite::Result<_>>().map(Self)
    }

    /// Binds `values[k - 1]` to every `$k`.
    pub(crate) fn bind(
        &self,
        statement: &mut Statement<'_>,
        values: &[Value],
    ) -> rusqlite::Result<()> {
        let Self(places) = self;
        if places.len() != values.len() {
            return Err(Error::InvalidParameterCount(values.len(), places.len()));
        }
        for (parameter, place) in (1..).zip(places) {
            if let Some(value) = values.get(*place) {
                statement.raw_bind_parameter(parameter, value)?;
            }
        }
        Ok(())
    }
}

/// Binds `values[k - 1]` to every `$k` of a statement that is executed once.
pub(crate) fn bind(statement: &mut Statement<'_>, values: &[Value]) -> rusqlite::Result<()> {
    Order::of(statement, values.len())?.bind(statement, values)
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
