//! Many values in one statement, without building SQL from data.

use sqlx::query_builder::Separated;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use tieline_core::Key;

use crate::fault::Fault;

/// How many keys go into one statement at most.
pub(crate) const KEYS: usize = 500;

/// How many rows one INSERT writes. Statements of this many rows stay prepared.
const ROWS: usize = 50;

/// Keys as one parameter, for `json_each`.
pub(crate) fn keys<'k>(keys: impl IntoIterator<Item = &'k Key>) -> String {
    let keys: Vec<&str> = keys.into_iter().map(Key::as_str).collect();
    // Writing strings as JSON cannot fail.
    serde_json::to_string(&keys).unwrap_or_default()
}

/// Row ids as one parameter, for `json_each`.
pub(crate) fn ids(ids: &[i64]) -> String {
    serde_json::to_string(ids).unwrap_or_default()
}

/// Writes rows with few statements. `start` is everything before the values, `end` everything behind them.
pub(crate) async fn insert<T>(
    connection: &mut SqliteConnection,
    start: &'static str,
    end: &'static str,
    rows: Vec<T>,
    mut bind: impl FnMut(&mut Separated<'_, Sqlite, &'static str>, T),
) -> Result<(), Fault> {
    let mut rows = rows.into_iter();
    while rows.len() > 0 {
        let whole = rows.len() >= ROWS;
        let mut query = QueryBuilder::new(start);
        query.push_values(rows.by_ref().take(ROWS), |mut values, row| bind(&mut values, row));
        query.push(end);
        query.build().persistent(whole).execute(&mut *connection).await?;
    }
    Ok(())
}
