//! What goes wrong with a database, in words that say what to do.

use std::fmt;

use tieline_core::{Error, ErrorKind, Resend};

/// What a statement or a check failed with.
pub(crate) enum Fault {
    /// SQLite, or the pool.
    Sql(sqlx::Error),
    /// An error that says everything already.
    Told(Error),
    /// The tables are of a schema that this version does not know.
    Newer {
        /// The version of the stored schema.
        stored: i64,
        /// The newest version that is known.
        known: usize,
    },
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Told(error)
    }
}

/// SQLite's primary result codes that have an explanation of their own.
mod code {
    pub(super) const PERM: i32 = 3;
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const READONLY: i32 = 8;
    pub(super) const IOERR: i32 = 10;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANTOPEN: i32 = 14;
    pub(super) const AUTH: i32 = 23;
    pub(super) const NOTADB: i32 = 26;
}

impl Fault {
    /// Whether the file could not be opened at all, for a reason that only the file system knows.
    pub(crate) fn cannot_open(&self) -> bool {
        matches!(self, Self::Sql(error) if primary_code(error) == Some(code::CANTOPEN))
    }

    /// The error for callers. `doing` completes "while …".
    pub(crate) fn explain(self, doing: &'static str, place: &impl fmt::Display) -> Error {
        let error = match self {
            Self::Told(error) => return error,
            Self::Newer { stored, known } => {
                let message = format!(
                    "the database was made by a newer version of tieline-store-sqlite \
                     (its schema is {stored}, this version knows {known})"
                );
                return Error::new(ErrorKind::Internal, message)
                    .with_advice("update the crate, or choose another file; nothing was changed")
                    .with_context("database", place);
            }
            Self::Sql(error) => error,
        };
        let code = primary_code(&error);
        let (what, advice) = match (&error, code) {
            (_, Some(code::FULL)) => (
                "the disk, or the database's size limit, is full",
                "free some space and run again; what was committed before is intact",
            ),
            (_, Some(code::BUSY | code::LOCKED)) => (
                "the database is locked by another connection",
                "find what keeps it locked, or try again later; nothing was stored",
            ),
            (_, Some(code::READONLY)) => (
                "the database is read-only",
                "let this process write to the file and to its folder, where SQLite keeps two more files beside it",
            ),
            (_, Some(code::NOTADB)) => {
                ("the file is not a SQLite database", "check the path; the file was not changed")
            }
            (_, Some(code::CORRUPT)) => (
                "the database file is damaged",
                "restore it from a backup, or delete it and read everything again",
            ),
            (_, Some(code::PERM | code::AUTH | code::CANTOPEN)) => (
                "the database file cannot be opened",
                "check that its folder exists and that this process may read and write there",
            ),
            (_, Some(code::IOERR)) => (
                "the disk failed to read or write the database",
                "check the disk; what was committed before is kept",
            ),
            (sqlx::Error::PoolTimedOut, _) => (
                "no connection to the database came free in time",
                "give the pool more connections, or find what holds them",
            ),
            (sqlx::Error::PoolClosed, _) => ("the store is closed", "open it again"),
            _ => ("the database refused a statement", "report it with the cause"),
        };
        let resend = match code {
            Some(code::BUSY | code::LOCKED) => Resend::Safe,
            _ => Resend::Never,
        };
        Error::new(ErrorKind::Internal, format!("{what} while {doing}"))
            .with_advice(advice)
            .with_resend(resend)
            .with_context("database", place)
            .with_source(error)
    }
}

fn primary_code(error: &sqlx::Error) -> Option<i32> {
    // The extended code holds the primary one in its low byte.
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}
