//! What goes wrong with SQLite, in words that say what to do.

use std::fmt;
use std::path::Path;

use tieline_core::{Error, ErrorKind, Resend};

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
    pub(super) const TOOBIG: i32 = 18;
    pub(super) const CONSTRAINT: i32 = 19;
    pub(super) const AUTH: i32 = 23;
    pub(super) const NOTADB: i32 = 26;
    /// An extended code.
    pub(super) const CONSTRAINT_TRIGGER: i32 = 1811;
}

/// The error for callers. `doing` completes "while …".
pub(super) fn explain(error: sqlx::Error, doing: &'static str, place: &impl fmt::Display) -> Error {
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
    let told = Error::new(ErrorKind::Internal, format!("{what} while {doing}"))
        .with_advice(advice)
        .with_resend(resend)
        .with_context("database", place);
    match refusal_code(&error) {
        Some(code) => told.with_code(code).with_source(error),
        None => told.with_source(error),
    }
}

/// The name of the code by which SQLite refuses what a row holds.
fn refusal_code(error: &sqlx::Error) -> Option<&'static str> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    match (code, code & 0xff) {
        (code::CONSTRAINT_TRIGGER, _) => Some("SQLITE_CONSTRAINT_TRIGGER"),
        (_, code::CONSTRAINT) => Some("SQLITE_CONSTRAINT"),
        (_, code::TOOBIG) => Some("SQLITE_TOOBIG"),
        _ => None,
    }
}

/// SQLite says only that it cannot open a file. The file system knows more.
pub(super) fn unopened(path: &Path, error: sqlx::Error) -> Error {
    let place = path.display();
    if primary_code(&error) == Some(code::CANTOPEN) {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let told = |message: &'static str, advice: &'static str| {
            Error::new(ErrorKind::Internal, message).with_advice(advice).with_context("database", &place)
        };
        if path.is_dir() {
            return told("the path of the database is a folder", "name a file in it");
        }
        if folder.is_some_and(|folder| matches!(folder.try_exists(), Ok(false))) {
            return told("the folder of the database does not exist", "make the folder, or correct the path");
        }
        let denied = |result: std::io::Result<()>| {
            result.is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
        };
        let opened = std::fs::OpenOptions::new().read(true).write(true).open(path);
        if denied(opened.map(drop)) || denied(path.try_exists().map(drop)) {
            return told(
                "this process may not read and write the database",
                "give it the permission, for the file and for its folder",
            );
        }
    }
    explain(error, "opening it", &place)
}

/// Whether another connection has the database for the moment.
pub(super) fn is_locked(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(code::BUSY | code::LOCKED))
}

fn primary_code(error: &sqlx::Error) -> Option<i32> {
    // The extended code holds the primary one in its low byte.
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}
