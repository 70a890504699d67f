//! What goes wrong with PostgreSQL, in words that say what to do.

use std::{fmt, io};

use tieline_core::{Error, ErrorKind, Resend};

/// A fault, and the advice about it.
type Told = (ErrorKind, &'static str, &'static str);

/// The error for callers. `doing` completes "while …".
pub(super) fn explain(error: sqlx::Error, doing: &'static str, place: &impl fmt::Display) -> Error {
    told(error, doing, place, false)
}

/// The same for an error while the transaction was to be committed.
pub(super) fn explain_commit(error: sqlx::Error, doing: &'static str, place: &impl fmt::Display) -> Error {
    told(error, doing, place, true)
}

fn told(error: sqlx::Error, doing: &'static str, place: &impl fmt::Display, committing: bool) -> Error {
    let code = error.as_database_error().and_then(|error| error.code()).map(String::from);
    let (kind, what, advice) = match &code {
        Some(code) => by_code(code),
        None => without_code(&error),
    };
    // PostgreSQL may have committed before its answer was lost.
    let unknown = committing && (code.is_none() || what == GONE);
    let (advice, resend) = match kind {
        _ if unknown => {
            ("it is not known whether it was stored: read it again before repeating it", Resend::IfIdempotent)
        }
        ErrorKind::Unavailable => (advice, Resend::Safe),
        _ => (advice, Resend::Never),
    };
    let mut told = Error::new(kind, format!("{what} while {doing}"))
        .with_advice(advice)
        .with_resend(resend)
        .with_context("database", place);
    if let Some(code) = code {
        told = told.with_code(code);
    }
    match cause(&error) {
        Some(cause) => told.with_source(cause),
        None => told,
    }
}

const GONE: &str = "the connection to the database broke off";

/// By PostgreSQL's SQLSTATE: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn by_code(code: &str) -> Told {
    use ErrorKind::{Config, Internal, Rejected, Unavailable};

    match code {
        "57P03" => (Unavailable, "the database is starting up or shutting down", "try again in a moment"),
        "25P03" | "57P01" | "57P02" | "57P05" => (Unavailable, GONE, "nothing was stored; try again"),
        _ if code.starts_with("08") => (Unavailable, GONE, "nothing was stored; try again"),
        "53300" => (
            Unavailable,
            "the database has no connection left",
            "raise its max_connections, or lower the size of pools; nothing was stored",
        ),
        "53100" => (
            Internal,
            "the database's disk is full",
            "free some space and run again; what was committed before is intact",
        ),
        _ if code.starts_with("53") => {
            (Unavailable, "the database is short of resources", "try again later; nothing was stored")
        }
        "40001" | "40P01" | "55P03" => {
            (Unavailable, "another transaction was in the way", "nothing was stored; try again")
        }
        "57014" => (
            Unavailable,
            "the database cancelled a statement",
            "raise the role's statement_timeout, or try again when there is less to do; nothing was stored",
        ),
        "25006" => (
            Internal,
            "the database is read-only",
            "connect to the primary server, not to a standby; nothing was stored",
        ),
        "28P01" | "28000" => (
            Config,
            "the database does not accept the role or its password",
            "check both in the pool's options",
        ),
        "3D000" => (Config, "the database does not exist", "make it, or correct its name"),
        "42704" => (Config, "the role does not exist", "make it, or correct its name"),
        "3F000" => (
            Config,
            "the search_path names no schema that exists",
            "make the schema, or correct the search_path of the role or pool",
        ),
        "42501" => (
            Config,
            "the role may not do this in the database",
            "run PostgresStore::migrate as the owner of the tables, then PostgresStore::grant for this role",
        ),
        "42P01" => {
            (Config, "the tables are not there", "run PostgresStore::migrate as the owner of the database")
        }
        "26000" | "42P05" => (
            Config,
            "a pooler in between mixes up prepared statements",
            "use PostgresStore::without_named_statements, or raise the pooler's max_prepared_statements",
        ),
        "22021" | "22P05" => (
            Rejected,
            "a text holds a NUL character, which PostgreSQL cannot store",
            "correct it at its source; nothing was stored",
        ),
        "54000" => (
            Rejected,
            "a name or key is longer than PostgreSQL can index",
            "keep it below 2,600 bytes; nothing was stored",
        ),
        _ => (Internal, "the database refused a statement", "report it with the cause"),
    }
}

fn without_code(error: &sqlx::Error) -> Told {
    use ErrorKind::{Config, Internal, Unavailable};

    match error {
        sqlx::Error::PoolTimedOut => (
            Unavailable,
            "no connection to the database was to be had in time",
            "check that it runs and can be reached, and that the pool has enough connections; nothing was stored",
        ),
        sqlx::Error::PoolClosed => (Internal, "the store is closed", "open it again"),
        sqlx::Error::Tls(_) => (
            Config,
            "the database and this process agree on no encryption",
            "check the pool's sslmode and certificates",
        ),
        sqlx::Error::Configuration(_) | sqlx::Error::InvalidArgument(_) => {
            (Config, "the database's address or options cannot be used", "check them; nothing was tried")
        }
        sqlx::Error::Io(error) if unreached(error) => (
            Unavailable,
            "the database cannot be reached",
            "check that it runs, and the address; nothing was stored",
        ),
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => {
            (Unavailable, GONE, "nothing was stored; try again")
        }
        _ => (Internal, "what the database answered cannot be read", "report it with the cause"),
    }
}

/// Whether nobody was there, rather than gone in the middle of something.
fn unreached(error: &io::Error) -> bool {
    use io::ErrorKind::{
        AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkUnreachable, NotFound, PermissionDenied,
    };

    let nobody = [
        ConnectionRefused,
        NotFound,
        HostUnreachable,
        NetworkUnreachable,
        AddrNotAvailable,
        PermissionDenied,
    ];
    nobody.contains(&error.kind())
}

/// Returns the cause that an error shows: of a database's error its message only, because its details quote rows. Messages about data,
/// and those of a host's own triggers, quote values; these are left out.
fn cause(error: &sqlx::Error) -> Option<String> {
    match error {
        sqlx::Error::Database(error) => {
            // Of an encoding, the quoted part is its name.
            let quotes = error.code().is_some_and(|code| match &*code {
                "22021" | "22P05" => false,
                code => code.starts_with("22") || code.starts_with("P0"),
            });
            Some(if quotes { without_values(error.message()) } else { error.message().to_owned() })
        }
        sqlx::Error::Io(_)
        | sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::Decode(_)
        | sqlx::Error::Tls(_) => Some(error.to_string()),
        _ => None,
    }
}

/// Returns a message without the text between its quotation marks. A value may hold such marks itself, so all between the first
/// and the last goes.
fn without_values(message: &str) -> String {
    match (message.find('"'), message.rfind('"')) {
        (Some(first), Some(last)) if first < last => {
            let (before, after) = (message.get(..=first).unwrap_or(""), message.get(last..).unwrap_or(""));
            format!("{before}…{after}")
        }
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_shows_no_value() {
        for (message, told) in [
            (
                "invalid input syntax for type numeric: \"12,50 Anna\"",
                "invalid input syntax for type numeric: \"…\"",
            ),
            (
                "value \"9 \" 9\" is out of range for type integer",
                "value \"…\" is out of range for type integer",
            ),
            ("numeric field overflow", "numeric field overflow"),
            ("a single \" mark", "a single \" mark"),
        ] {
            assert_eq!(without_values(message), told);
        }
    }
}
