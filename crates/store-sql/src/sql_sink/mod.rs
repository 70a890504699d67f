//! The ready sink: a target's rows in a table of the host's own.

mod value;
mod write;

use std::fmt;

use async_trait::async_trait;
use serde_json::Value;
use tieline_core::{Error, ErrorKind, FieldPath, Result};
use tieline_store::{ConnectionId, RowIssue, TargetName};

use crate::column_type::ColumnType;
use crate::records::KEYS;
use crate::sink::{RowChange, RowSink};
use crate::sql::{Arg, Dialect, Sql};
use crate::tx::Tx;
use crate::value::Row;

/// How many rows one statement of SQLite writes.
const ROWS: usize = 100;

/// What becomes of a row in the host's table when it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnDelete {
    /// It is deleted.
    #[default]
    Delete,
    /// The time is written into this column, which is NULL for rows that are there.
    Mark(String),
}

/// A column of the host's table and the field that fills it.
#[derive(Clone, Debug)]
struct Mapped {
    column: String,
    field: FieldPath,
    kind: ColumnType,
}

/// Writes a target's rows into a table of the host's own, in the same database and transaction as the rows themselves:
/// each change is there exactly once, with the state that it belongs to, or not at all.
///
/// A value that does not fit its column stops no batch: its column is NULL for that row, and the run's report has an issue.
/// A row that the database refuses even then, for a NOT NULL or another constraint of the table, is left out: what the
/// table has of it stays. Rows that the database refused are stale, so that the end of the run and each later run try them
/// again; a row that refers to one which came later is complete by then. Constraints that are checked at the commit
/// (`DEFERRABLE INITIALLY DEFERRED`) stop the batch.
///
/// Rows are upserted by a key column, which needs a unique constraint; with [`connection_column`](Self::connection_column)
/// and [`tenant_column`](Self::tenant_column), together with those. Columns that are not named here are left alone.
///
/// ```
/// use tieline_store_sql::{ColumnType, SqlSink};
///
/// let sink = SqlSink::new("customers", "public.customers", "crm_id")
///     .column("name", ColumnType::Text)
///     .column("revenue", ColumnType::Decimal)
///     .column_from("since", "customer_since", ColumnType::Date)
///     .connection_column("connection");
/// ```
#[derive(Clone)]
pub struct SqlSink {
    target: TargetName,
    table: String,
    key: String,
    tenant: Option<String>,
    connection: Option<String>,
    columns: Vec<Mapped>,
    on_delete: OnDelete,
}

impl fmt::Debug for SqlSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlSink")
            .field("target", &self.target)
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}

impl SqlSink {
    /// A sink for a target's rows into `table`, which may name its schema, with the records' keys in the text column
    /// `key`.
    pub fn new(target: impl Into<TargetName>, table: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            target: target.into(),
            table: table.into(),
            key: key.into(),
            tenant: None,
            connection: None,
            columns: Vec::new(),
            on_delete: OnDelete::default(),
        }
    }

    /// Adds a column that is filled by the field of the same name.
    #[must_use]
    pub fn column(self, name: impl Into<String>, kind: ColumnType) -> Self {
        let name = name.into();
        self.column_from(name.clone(), name, kind)
    }

    /// Adds a column that is filled by another field.
    #[must_use]
    pub fn column_from(
        mut self,
        column: impl Into<String>,
        field: impl Into<String>,
        kind: ColumnType,
    ) -> Self {
        self.columns.push(Mapped { column: column.into(), field: FieldPath::field(&field.into()), kind });
        self
    }

    /// Adds a column for each property of a JSON Schema of the rows, with the type that the schema says: `numeric`,
    /// `bigint`, `boolean`, `date` and `timestamptz` where only that fits, `text` for texts, and JSON for all else. A
    /// property that is an object is one column.
    #[must_use]
    pub fn columns_of_schema(mut self, schema: &Value) -> Self {
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, schema) in properties.into_iter().flatten() {
            self = self.column(name, ColumnType::of_schema(schema));
        }
        self
    }

    /// Writes the tenant into a column, which is part of the key then.
    #[must_use]
    pub fn tenant_column(mut self, column: impl Into<String>) -> Self {
        self.tenant = Some(column.into());
        self
    }

    /// Writes the connection into a column, which is part of the key then.
    #[must_use]
    pub fn connection_column(mut self, column: impl Into<String>) -> Self {
        self.connection = Some(column.into());
        self
    }

    /// Sets what becomes of rows that go; they are deleted unless this says otherwise.
    #[must_use]
    pub fn on_delete(mut self, on_delete: OnDelete) -> Self {
        self.on_delete = on_delete;
        self
    }

    /// Makes the table where it is not there, and adds columns that it lacks. It drops and changes none.
    ///
    /// # Errors
    ///
    /// `Config` for names that cannot be used and when the role may not make tables; otherwise as the database fails.
    pub async fn prepare(&self, tx: &mut dyn Tx) -> Result<()> {
        let dialect = tx.dialect();
        let table = quoted_path(&self.table)?;
        let keys: Vec<String> = self.keys().map(quoted).collect::<Result<_>>()?;
        let columns: Vec<String> = keys.iter().map(|key| format!("{key} text NOT NULL")).collect();
        let (columns, key) = (columns.join(", "), keys.join(", "));
        let there = self.stored_columns(tx).await?;
        if there.is_empty() {
            // Not where it is there: PostgreSQL asks for the right to make tables even then.
            let make = format!("CREATE TABLE IF NOT EXISTS {table} ({columns}, PRIMARY KEY ({key}))");
            tx.run(&Sql::unscoped(make), &[]).await?;
        }
        for (name, kind) in self.value_columns() {
            if !there.iter().any(|stored| stored == name) {
                let (name, kind) = (quoted(name)?, kind.sql(dialect));
                tx.run(&Sql::unscoped(format!("ALTER TABLE {table} ADD COLUMN {name} {kind}")), &[]).await?;
            }
        }
        Ok(())
    }

    /// The names of the columns that the table has.
    async fn stored_columns(&self, tx: &mut dyn Tx) -> Result<Vec<String>> {
        let (schema, table) = match self.table.split_once('.') {
            Some((schema, table)) => (Some(schema), table),
            None => (None, self.table.as_str()),
        };
        let rows: Vec<Row> = match (tx.dialect(), schema) {
            (Dialect::Sqlite, _) => {
                let columns = "SELECT name FROM pragma_table_info($1)".to_owned();
                tx.rows(&Sql::unscoped(columns), &[Arg::from(table)]).await?
            }
            (Dialect::Postgres, _) => {
                let columns = "SELECT CAST(a.attname AS text) FROM pg_attribute a
                     JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
                     WHERE c.relname = $1 AND a.attnum > 0 AND NOT a.attisdropped
                         AND CASE WHEN $2 IS NULL THEN pg_table_is_visible(c.oid) ELSE n.nspname = $2 END";
                tx.rows(&Sql::unscoped(columns.to_owned()), &[Arg::from(table), Arg::from(schema)]).await?
            }
        };
        rows.into_iter().map(|mut row| row.take()).collect()
    }

    fn keys(&self) -> impl Iterator<Item = &str> {
        [self.tenant.as_deref(), self.connection.as_deref(), Some(self.key.as_str())].into_iter().flatten()
    }

    fn value_columns(&self) -> impl Iterator<Item = (&str, ColumnType)> {
        let mark = match &self.on_delete {
            OnDelete::Mark(column) => Some((column.as_str(), ColumnType::Time)),
            OnDelete::Delete => None,
        };
        self.columns.iter().map(|mapped| (mapped.column.as_str(), mapped.kind)).chain(mark)
    }

    /// The names and values of the columns that say whose a row is.
    fn scope<'a>(&'a self, tenant: &'a str, connection: &'a str) -> Vec<(&'a str, &'a str)> {
        let scope =
            [self.tenant.as_deref().zip(Some(tenant)), self.connection.as_deref().zip(Some(connection))];
        scope.into_iter().flatten().collect()
    }
}

#[async_trait]
impl RowSink for SqlSink {
    fn target(&self) -> &TargetName {
        &self.target
    }

    async fn apply(
        &self,
        tx: &mut dyn Tx,
        connection: &ConnectionId,
        changes: &[RowChange],
    ) -> Result<Vec<RowIssue>> {
        let tenant = tx.tenant().clone();
        let scope = self.scope(tenant.as_str(), connection.as_str());
        let rows = match tx.dialect() {
            Dialect::Sqlite => ROWS,
            Dialect::Postgres => KEYS,
        };
        let mut issues = Vec::new();
        for chunk in changes.chunks(rows) {
            let gone: Vec<&str> = chunk
                .iter()
                .filter(|change| change.fields.is_none())
                .map(|change| change.key.as_str())
                .collect();
            if !gone.is_empty() {
                self.remove(tx, &scope, &gone).await?;
            }
            let mut rows = Vec::with_capacity(chunk.len() - gone.len());
            for change in chunk {
                if let Some(fields) = &change.fields {
                    rows.push((&change.key, self.values(&change.key, fields, &mut issues)?));
                }
            }
            self.write(tx, &scope, rows, &mut issues).await?;
        }
        Ok(issues)
    }
}

/// A name as SQL writes it.
fn quoted(name: &str) -> Result<String> {
    if name.is_empty() || name.contains(['\0', '{', '}']) {
        return Err(Error::new(ErrorKind::Config, "a name of the table or of a column cannot be used")
            .with_advice("use names of letters, digits and underscores")
            .with_context("name", name.escape_debug()));
    }
    Ok(format!("\"{}\"", name.replace('"', "\"\"")))
}

/// A name that may name its schema.
fn quoted_path(path: &str) -> Result<String> {
    let parts: Vec<String> = path.splitn(2, '.').map(quoted).collect::<Result<_>>()?;
    Ok(parts.join("."))
}
