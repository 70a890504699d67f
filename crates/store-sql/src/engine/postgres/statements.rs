//! Running statements in PostgreSQL; values in and out.

use std::sync::Arc;

use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::{Arguments, AssertSqlSafe, Column as _, Row as _, TypeInfo, ValueRef};
use tieline_core::{Error, ErrorKind, Result};
use tieline_store::TenantId;

use super::fault::explain;
use crate::sql::{Arg, Bulk, Column, Dialect, Sql};
use crate::value::{Row, Value};

/// What statements are run with. They have no name, so that a pooler in transaction mode need not follow them.
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

    fn bind(&self, scoped: bool, args: &[Arg<'_>]) -> Result<PgArguments> {
        let mut bound = PgArguments::default();
        let add = |bound: &mut PgArguments, arg: &Arg<'_>| match *arg {
            Arg::Bool(value) => bound.add(value),
            Arg::Int(value) => bound.add(value),
            Arg::Text(value) => bound.add(value),
            Arg::Bytes(value) => bound.add(value),
            Arg::Texts(values) => bound.add(values),
            Arg::OptTexts(values) => bound.add(values),
            Arg::Ints(values) => bound.add(values),
        };
        let tenant = [Arg::from(self.tenant.as_str())];
        let tenant = if scoped { tenant.as_slice() } else { &[] };
        for arg in tenant.iter().chain(args) {
            add(&mut bound, arg).map_err(|error| self.explain(sqlx::Error::Encode(error)))?;
        }
        Ok(bound)
    }

    pub(super) async fn rows(&self, on: &mut PgConnection, sql: &Sql, args: &[Arg<'_>]) -> Result<Vec<Row>> {
        let text = AssertSqlSafe(Arc::clone(sql.shared(Dialect::Postgres)));
        let bound = self.bind(sql.scoped(), args)?;
        let rows = sqlx::query_with(text, bound).persistent(false).fetch_all(on).await;
        rows.map_err(|error| self.explain(error))?.iter().map(|row| self.read(row)).collect()
    }

    pub(super) async fn run(&self, on: &mut PgConnection, sql: &Sql, args: &[Arg<'_>]) -> Result<u64> {
        let text = AssertSqlSafe(Arc::clone(sql.shared(Dialect::Postgres)));
        let bound = self.bind(sql.scoped(), args)?;
        let done = sqlx::query_with(text, bound).persistent(false).execute(on).await;
        Ok(done.map_err(|error| self.explain(error))?.rows_affected())
    }

    pub(super) async fn insert(
        &self,
        on: &mut PgConnection,
        bulk: &Bulk,
        same: &[Arg<'_>],
        columns: &[Column<'_>],
    ) -> Result<u64> {
        if columns.first().is_none_or(Column::is_empty) {
            return Ok(0);
        }
        let mut bound = self.bind(true, same)?;
        for column in columns {
            let added = match column {
                Column::Ints(values) => bound.add(values.as_slice()),
                Column::Texts(values) => bound.add(values.as_slice()),
                Column::OptTexts(values) => bound.add(values.as_slice()),
                Column::Bytes(values) => bound.add(values.as_slice()),
            };
            added.map_err(|error| self.explain(sqlx::Error::Encode(error)))?;
        }
        let text = AssertSqlSafe(Arc::clone(bulk.postgres()));
        let done = sqlx::query_with(text, bound).persistent(false).execute(on).await;
        Ok(done.map_err(|error| self.explain(error))?.rows_affected())
    }

    fn read(&self, row: &PgRow) -> Result<Row> {
        let mut values = Vec::with_capacity(row.len());
        for (index, column) in row.columns().iter().enumerate() {
            let raw = row.try_get_raw(index).map_err(|error| self.explain(error))?;
            if raw.is_null() {
                values.push(Value::Null);
                continue;
            }
            let value = match column.type_info().name() {
                "TEXT" | "VARCHAR" | "NAME" | "CHAR" => row.try_get(index).map(Value::Text),
                "BYTEA" => row.try_get(index).map(Value::Bytes),
                "INT8" => row.try_get(index).map(Value::Int),
                "INT4" => row.try_get(index).map(|value: i32| Value::Int(value.into())),
                "INT2" => row.try_get(index).map(|value: i16| Value::Int(value.into())),
                "BOOL" => row.try_get(index).map(Value::Bool),
                kind => {
                    return Err(Error::new(
                        ErrorKind::Internal,
                        format!("a column of type {kind} cannot be read as it is"),
                    )
                    .with_advice("cast it to text in the statement")
                    .with_context("column", column.name()));
                }
            };
            values.push(value.map_err(|error| self.explain(error))?);
        }
        Ok(Row::new(values))
    }
}
