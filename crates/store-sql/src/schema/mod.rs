//! The schema: numbered scripts, and how a database is brought up to date by them.

use tieline_core::{Error, ErrorKind, Result};

#[cfg(feature = "postgres")]
pub(crate) mod partitions;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;

use crate::sql::{Dialect, render};

/// How a script is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Run {
    /// In a transaction of its own.
    InTransaction,
    /// One statement outside of any transaction, for `CREATE INDEX CONCURRENTLY`. It must do no harm when it is
    /// repeated, because a process may die between it and the note that it is done. In SQLite it is run like any other.
    Alone,
}

/// A step of the schema. A released script never changes.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Script {
    /// The text with [placeholders](crate::Sql).
    pub text: &'static str,
    /// What only PostgreSQL runs.
    pub postgres: &'static str,
    /// How it is run.
    pub run: Run,
    /// The oldest version of the schema that a process may know to work with the database after this script.
    pub min_reader: i64,
}

impl Script {
    /// A script that both databases run in a transaction.
    pub const fn new(text: &'static str, min_reader: i64) -> Self {
        Self { text, postgres: "", run: Run::InTransaction, min_reader }
    }

    /// Adds what only PostgreSQL runs.
    #[must_use]
    pub const fn with_postgres(mut self, text: &'static str) -> Self {
        self.postgres = text;
        self
    }

    /// Runs it outside of any transaction.
    #[must_use]
    pub const fn alone(mut self) -> Self {
        self.run = Run::Alone;
        self
    }
}

/// One script a version, from 1.
pub(crate) static SCRIPTS: &[Script] =
    &[Script::new(include_str!("1.sql"), 1).with_postgres(include_str!("1.postgres.sql"))];

/// What a database says of its schema; zeros for one without our tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) version: i64,
    pub(crate) min_reader: i64,
}

/// The scripts that a database lacks, with their versions.
///
/// # Errors
///
/// `Internal` when a newer version of the crate made the tables and this one may not work with them.
pub(crate) fn pending(stored: Stored, scripts: &[Script], place: &str) -> Result<Vec<(i64, Script)>> {
    let known = i64::try_from(scripts.len()).unwrap_or(i64::MAX);
    if stored.min_reader > known {
        let message = format!(
            "the database was made by a newer version of tieline-store-sql (its schema is {}, which needs a \
             program that knows {}; this one knows {known})",
            stored.version, stored.min_reader
        );
        return Err(Error::new(ErrorKind::Internal, message)
            .with_advice("update the crate, or choose another database; nothing was changed")
            .with_context("database", place));
    }
    Ok((1..).zip(scripts.iter().copied()).filter(|(version, _)| *version > stored.version).collect())
}

/// The text of a script for a database.
pub(crate) fn text(script: &Script, dialect: Dialect) -> String {
    let mut text = render(script.text, dialect);
    if dialect == Dialect::Postgres && !script.postgres.is_empty() {
        text.push('\n');
        text.push_str(script.postgres);
    }
    text
}

/// The table of versions, and its lines.
const VERSIONS: &str = "CREATE TABLE IF NOT EXISTS tieline.schema (
    version {int} PRIMARY KEY,
    min_reader {int} NOT NULL,
    applied_at {int} NOT NULL
) {table}";

fn versions(dialect: Dialect) -> String {
    render(VERSIONS, dialect)
}

fn note(version: i64, min_reader: i64, dialect: Dialect) -> String {
    let text = format!(
        "INSERT INTO tieline.schema (version, min_reader, applied_at) VALUES ({version}, {min_reader}, {{now}})"
    );
    render(&text, dialect)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_program_works_beside_a_newer_schema_when_the_schema_allows_it() {
        let one = [Script::new("", 1)];
        let allowed = Stored { version: 3, min_reader: 1 };
        assert!(pending(allowed, &one, "here").unwrap().is_empty());
        let refused = Stored { version: 3, min_reader: 2 };
        assert_eq!(pending(refused, &one, "here").unwrap_err().kind(), ErrorKind::Internal);
        let three = [Script::new("", 1), Script::new("", 1), Script::new("", 3)];
        let versions = |stored| -> Vec<i64> {
            pending(stored, &three, "here").unwrap().into_iter().map(|(version, _)| version).collect()
        };
        assert_eq!(versions(Stored::default()), [1, 2, 3]);
        assert_eq!(versions(Stored { version: 2, min_reader: 1 }), [3]);
    }
}
