//! The statements of a sink, and rows that the database refuses.

use std::error::Error as _;
use std::ops::Range;

use tieline_core::{Error, Key, Result};
use tieline_store::RowIssue;

use super::{OnDelete, SqlSink, quoted, quoted_path};
use crate::sql::{Arg, Dialect, Sql};
use crate::tx::Tx;

/// A row: its key, and a text for each column.
pub(super) type Line<'a> = (&'a Key, Vec<Option<String>>);

impl SqlSink {
    /// Writes rows. Those that the database refuses are found by halves; each of them is written without the value that is
    /// refused, or left out.
    pub(super) async fn write(
        &self,
        tx: &mut dyn Tx,
        scope: &[(&str, &str)],
        mut rows: Vec<Line<'_>>,
        issues: &mut Vec<RowIssue>,
    ) -> Result<()> {
        let mut left: Vec<Range<usize>> = Vec::new();
        if !rows.is_empty() {
            left.push(0..rows.len());
        }
        // The column that was to blame last: it mostly is again.
        let mut suspect = None;
        while let Some(range) = left.pop() {
            let Some(part) = rows.get(range.clone()) else { continue };
            let Err(refusal) = self.attempt(tx, scope, part).await? else { continue };
            let middle = range.start + range.len() / 2;
            if middle > range.start {
                left.extend([middle..range.end, range.start..middle]);
            } else if let Some(row) = rows.get_mut(range.start) {
                issues.push(self.settle(tx, scope, row, &refusal, &mut suspect).await?);
            }
        }
        Ok(())
    }

    /// Writes a row that was refused without one of its values; which one, is tried.
    async fn settle(
        &self,
        tx: &mut dyn Tx,
        scope: &[(&str, &str)],
        row: &mut Line<'_>,
        refusal: &str,
        suspect: &mut Option<usize>,
    ) -> Result<RowIssue> {
        let key = row.0;
        for column in suspect.iter().copied().chain(0..self.columns.len()).collect::<Vec<_>>() {
            let Some(value) = row.1.get_mut(column).and_then(Option::take) else { continue };
            if self.attempt(tx, scope, std::slice::from_ref(row)).await?.is_ok() {
                *suspect = Some(column);
                let mapped = self.columns.get(column);
                let name = mapped.map_or("", |mapped| mapped.column.as_str());
                let message = format!("{refusal}; without a value in the column {name} the row was written");
                return Ok(RowIssue::new(self.issue(key, mapped, message)).stale());
            }
            if let Some(place) = row.1.get_mut(column) {
                *place = Some(value);
            }
        }
        let message = format!("{refusal}; the table keeps what it had");
        Ok(RowIssue::new(self.issue(key, None, message).refused()).stale())
    }

    /// Writes rows, or nothing when the database refuses one of them; then it returns the reason.
    async fn attempt(
        &self,
        tx: &mut dyn Tx,
        scope: &[(&str, &str)],
        rows: &[Line<'_>],
    ) -> Result<Result<(), String>> {
        static SAVE: Sql = Sql::fixed("SAVEPOINT tieline_sink");
        static BACK: Sql = Sql::fixed("ROLLBACK TO SAVEPOINT tieline_sink");
        static RELEASE: Sql = Sql::fixed("RELEASE SAVEPOINT tieline_sink");
        tx.run(&SAVE, &[]).await?;
        let written = self.upsert(tx, scope, rows).await;
        let done = match written {
            Ok(()) => Ok(()),
            Err(error) => {
                let refusal = refusal(tx.dialect(), &error);
                Err(refusal.ok_or(error)?)
            }
        };
        if done.is_err() {
            tx.run(&BACK, &[]).await?;
        }
        tx.run(&RELEASE, &[]).await?;
        Ok(done)
    }

    async fn upsert(&self, tx: &mut dyn Tx, scope: &[(&str, &str)], rows: &[Line<'_>]) -> Result<()> {
        let dialect = tx.dialect();
        let mut args: Vec<Arg<'_>> = scope.iter().map(|(_, value)| Arg::from(*value)).collect();
        let scope: Vec<String> = (1..=args.len()).map(|parameter| format!("${parameter}")).collect();
        let keys: Vec<&str> = rows.iter().map(|(key, _)| key.as_str()).collect();
        let values: Vec<Vec<Option<&str>>> = (0..self.columns.len())
            .map(|column| {
                rows.iter().map(|(_, values)| values.get(column).and_then(Option::as_deref)).collect()
            })
            .collect();
        let source = match dialect {
            // A column an array.
            Dialect::Postgres => {
                args.push(Arg::from(&keys));
                let mut arrays = vec![format!("${}::text[]", args.len())];
                let mut selected = scope;
                selected.push("u0".to_owned());
                for (n, (mapped, values)) in (1..).zip(self.columns.iter().zip(&values)) {
                    args.push(Arg::from(values.as_slice()));
                    arrays.push(format!("${}::text[]", args.len()));
                    selected.push(mapped.kind.cast(dialect, &format!("u{n}")));
                }
                let names: Vec<String> = (0..arrays.len()).map(|n| format!("u{n}")).collect();
                let (selected, arrays, names) = (selected.join(", "), arrays.join(", "), names.join(", "));
                format!("SELECT {selected} FROM unnest({arrays}) AS u ({names})")
            }
            Dialect::Sqlite => {
                let mut lines = Vec::with_capacity(rows.len());
                for (row, key) in keys.iter().enumerate() {
                    let mut line = scope.clone();
                    args.push(Arg::from(*key));
                    line.push(format!("${}", args.len()));
                    for (mapped, values) in self.columns.iter().zip(&values) {
                        args.push(Arg::from(values.get(row).copied().flatten()));
                        line.push(mapped.kind.cast(dialect, &format!("${}", args.len())));
                    }
                    lines.push(format!("({})", line.join(", ")));
                }
                format!("VALUES {}", lines.join(", "))
            }
        };
        let names = self.keys().chain(self.columns.iter().map(|mapped| mapped.column.as_str()));
        let names: Vec<String> = names.map(quoted).collect::<Result<_>>()?;
        let keys: Vec<String> = self.keys().map(quoted).collect::<Result<_>>()?;
        let mut set = Vec::new();
        for mapped in &self.columns {
            let name = quoted(&mapped.column)?;
            set.push(format!("{name} = excluded.{name}"));
        }
        if let OnDelete::Mark(column) = &self.on_delete {
            set.push(format!("{} = NULL", quoted(column)?));
        }
        let then =
            if set.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {}", set.join(", ")) };
        let (table, names, keys) = (quoted_path(&self.table)?, names.join(", "), keys.join(", "));
        let text = format!("INSERT INTO {table} ({names}) {source} ON CONFLICT ({keys}) DO {then}");
        tx.run(&Sql::unscoped(text), &args).await.map(drop)
    }

    pub(super) async fn remove(&self, tx: &mut dyn Tx, scope: &[(&str, &str)], keys: &[&str]) -> Result<()> {
        let table = quoted_path(&self.table)?;
        let mut conditions = vec![format!("{} {{in $1}}", quoted(&self.key)?)];
        let mut args = vec![Arg::from(keys)];
        for (name, value) in scope {
            args.push(Arg::from(*value));
            conditions.push(format!("{} = ${}", quoted(name)?, args.len()));
        }
        let conditions = conditions.join(" AND ");
        let text = match &self.on_delete {
            OnDelete::Delete => format!("DELETE FROM {table} WHERE {conditions}"),
            OnDelete::Mark(column) => {
                let (column, now) = (quoted(column)?, "CURRENT_TIMESTAMP");
                format!("UPDATE {table} SET {column} = {now} WHERE {conditions} AND {column} IS NULL")
            }
        };
        tx.run(&Sql::unscoped(text), &args).await.map(drop)
    }
}

/// The reason for refusing a row: `None` for an error that is not about the values of a row.
fn refusal(dialect: Dialect, error: &Error) -> Option<String> {
    let code = error.code()?;
    let about_rows = match dialect {
        // Values, constraints, a view's check option, an exception of a trigger, an index that a value is too long for.
        Dialect::Postgres => {
            ["22", "23", "44"].iter().any(|class| code.starts_with(class))
                || matches!(code, "P0001" | "54000")
        }
        Dialect::Sqlite => code.starts_with("SQLITE_CONSTRAINT") || code == "SQLITE_TOOBIG",
    };
    // What a trigger says may quote a value.
    let quotes = matches!(code, "P0001" | "SQLITE_CONSTRAINT_TRIGGER");
    let cause = error.source().filter(|_| !quotes).map(|cause| format!(": {cause}")).unwrap_or_default();
    about_rows.then(|| format!("the database refused the row{cause}"))
}
