//! Running statements in SQLite; values in and out.

use std::sync::Arc;

use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Column as _, Row as _, TypeInfo, ValueRef};
use tieline_core::{Error, ErrorKind, Result};
use tieline_store::TenantId;

use super::fault::explain;
use crate::sql::{Arg, BULK_ROWS, Bulk, Column, Dialect, Sql};
use crate::value::{Row, Value};

/// What statements are run with.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) tenant: TenantId,
    pub(super) doing: &'static str,
    pub(super) place: Arc<str>,
}

impl Statements {
    pub(super) fn explain(&self, error: sqlx::Error) -> Error {
        explain(error, self.doing, &self.place)
    }

    fn bind(&self, scoped: bool, args: &[Arg<'_>]) -> Result<SqliteArguments> {
        let mut bound = SqliteArguments::default();
        let add = |bound: &mut SqliteArguments, arg: &Arg<'_>| match *arg {
            Arg::Bool(value) => bound.add(value),
            Arg::Int(value) => bound.add(value),
            Arg::Text(value) => bound.add(value.map(str::to_owned)),
            Arg::Bytes(value) => bound.add(value.map(<[u8]>::to_vec)),
            Arg::Texts(values) => bound.add(serde_json::to_string(values).unwrap_or_default()),
            Arg::OptTexts(values) => bound.add(serde_json::to_string(values).unwrap_or_default()),
            Arg::Ints(values) => bound.add(serde_json::to_string(values).unwrap_or_default()),
        };
        let tenant = [Arg::from(self.tenant.as_str())];
        let tenant = if scoped { tenant.as_slice() } else { &[] };
        for arg in tenant.iter().chain(args) {
            add(&mut bound, arg).map_err(|error| self.explain(sqlx::Error::Encode(error)))?;
        }
        Ok(bound)
    }

    pub(super) async fn rows(
        &self,
        on: &mut SqliteConnection,
        sql: &Sql,
        args: &[Arg<'_>],
    ) -> Result<Vec<Row>> {
        let text = AssertSqlSafe(Arc::clone(sql.shared(Dialect::Sqlite)));
        let bound = self.bind(sql.scoped(), args)?;
        let rows = sqlx::query_with(text, bound).fetch_all(on).await.map_err(|error| self.explain(error))?;
        rows.iter().map(|row| self.read(row)).collect()
    }

    pub(super) async fn run(&self, on: &mut SqliteConnection, sql: &Sql, args: &[Arg<'_>]) -> Result<u64> {
        let text = AssertSqlSafe(Arc::clone(sql.shared(Dialect::Sqlite)));
        let bound = self.bind(sql.scoped(), args)?;
        let done = sqlx::query_with(text, bound).execute(on).await.map_err(|error| self.explain(error))?;
        Ok(done.rows_affected())
    }

    pub(super) async fn insert(
        &self,
        on: &mut SqliteConnection,
        bulk: &Bulk,
        same: &[Arg<'_>],
        columns: &[Column<'_>],
    ) -> Result<u64> {
        let rows = columns.first().map_or(0, Column::len);
        let mut inserted = 0;
        let mut begin = 0;
        while begin < rows {
            let end = rows.min(begin + BULK_ROWS);
            let mut bound = self.bind(true, same)?;
            for row in begin..end {
                for column in columns {
                    let added = match column {
                        Column::Ints(values) => bound.add(values.get(row).copied()),
                        Column::Texts(values) => bound.add(values.get(row).map(|text| (*text).to_owned())),
                        Column::OptTexts(values) => {
                            bound.add(values.get(row).copied().flatten().map(str::to_owned))
                        }
                        Column::Bytes(values) => bound.add(values.get(row).map(|bytes| bytes.to_vec())),
                    };
                    added.map_err(|error| self.explain(sqlx::Error::Encode(error)))?;
                }
            }
            let whole = end - begin == BULK_ROWS;
            let text = AssertSqlSafe(bulk.sqlite(end - begin));
            let done = sqlx::query_with(text, bound).persistent(whole).execute(&mut *on).await;
            inserted += done.map_err(|error| self.explain(error))?.rows_affected();
            begin = end;
        }
        Ok(inserted)
    }

    fn read(&self, row: &SqliteRow) -> Result<Row> {
        let mut values = Vec::with_capacity(row.len());
        for index in 0..row.len() {
            let raw = row.try_get_raw(index).map_err(|error| self.explain(error))?;
            if raw.is_null() {
                values.push(Value::Null);
                continue;
            }
            let value = match raw.type_info().name() {
                "TEXT" => row.try_get_unchecked(index).map(Value::Text),
                "BLOB" => row.try_get_unchecked(index).map(Value::Bytes),
                "INTEGER" | "BOOLEAN" => row.try_get_unchecked(index).map(Value::Int),
                kind => {
                    let column = row.column(index).name();
                    return Err(Error::new(
                        ErrorKind::Internal,
                        format!("a column of type {kind} cannot be read as it is"),
                    )
                    .with_advice("cast it to text in the statement")
                    .with_context("column", column));
                }
            };
            values.push(value.map_err(|error| self.explain(error))?);
        }
        Ok(Row::new(values))
    }
}
