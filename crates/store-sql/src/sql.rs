//! Statements that are written once for both databases, and the values that go in and out.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// A database that statements are rendered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// A statement in the text that both databases share.
///
/// Both take `$1`, `ON CONFLICT … DO UPDATE`, `RETURNING`, row comparison and partial indexes. What differs is written
/// as a placeholder:
///
/// | text | PostgreSQL | SQLite |
/// |---|---|---|
/// | `tieline.records` | `tieline.records` | `tieline_records` |
/// | `{in $2}` | `= ANY ($2)` | `IN (SELECT value FROM json_each($2))` |
/// | `{keys parent = $2, key in $3}` | `(parent, key) IN (SELECT …)`, always by an index | `parent = $2 AND key IN (…)` |
/// | `{now}` | the server's clock, in microseconds since 1970 | the machine's clock, likewise |
/// | `{lock}` | `FOR UPDATE` | nothing: a write is alone |
/// | `{share}` | `FOR SHARE` | nothing |
/// | `{skip}` | `FOR UPDATE SKIP LOCKED` | nothing |
///
/// ```
/// use tieline_store_sql::{Dialect, Sql};
///
/// static OPEN: Sql = Sql::new("SELECT id FROM tieline.outbox WHERE tenant = $1 AND id {in $2} {lock}");
/// assert_eq!(
///     OPEN.text(Dialect::Postgres),
///     "SELECT id FROM tieline.outbox WHERE tenant = $1 AND id = ANY ($2) FOR UPDATE"
/// );
/// assert!(OPEN.text(Dialect::Sqlite).starts_with("SELECT id FROM tieline_outbox"));
/// ```
pub struct Sql {
    text: Cow<'static, str>,
    /// Whether `$1` is the tenant.
    scoped: bool,
    rendered: [OnceLock<Arc<str>>; 2],
}

impl Sql {
    /// A statement about rows of one tenant, who is `$1`; its arguments begin at `$2`.
    pub const fn new(text: &'static str) -> Self {
        Self { text: Cow::Borrowed(text), scoped: true, rendered: [OnceLock::new(), OnceLock::new()] }
    }

    /// The same from a text that is put together at run time. Values belong into arguments, never into the text.
    pub fn built(text: String) -> Self {
        Self { text: Cow::Owned(text), scoped: true, rendered: [OnceLock::new(), OnceLock::new()] }
    }

    /// A statement about tables of the host's, put together at run time; its arguments begin at `$1`.
    pub fn unscoped(text: String) -> Self {
        Self { scoped: false, ..Self::built(text) }
    }

    /// A statement about no row, whose text is known.
    pub(crate) const fn fixed(text: &'static str) -> Self {
        Self { text: Cow::Borrowed(text), scoped: false, rendered: [OnceLock::new(), OnceLock::new()] }
    }

    /// The text for a database.
    pub fn text(&self, dialect: Dialect) -> &str {
        self.shared(dialect)
    }

    pub(crate) fn scoped(&self) -> bool {
        self.scoped
    }

    pub(crate) fn shared(&self, dialect: Dialect) -> &Arc<str> {
        let [sqlite, postgres] = &self.rendered;
        let slot = match dialect {
            Dialect::Sqlite => sqlite,
            Dialect::Postgres => postgres,
        };
        slot.get_or_init(|| render(&self.text, dialect).into())
    }
}

impl fmt::Debug for Sql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sql").field(&self.text).finish()
    }
}

/// Writes the placeholders of a text out for a database.
pub(crate) fn render(text: &str, dialect: Dialect) -> String {
    let text = match dialect {
        Dialect::Sqlite => Cow::Owned(text.replace("tieline.", "tieline_")),
        Dialect::Postgres => Cow::Borrowed(text),
    };
    let mut rendered = String::with_capacity(text.len() + 64);
    let mut rest = &*text;
    while let Some((before, tail)) = rest.split_once('{') {
        rendered.push_str(before);
        let Some((word, after)) = tail.split_once('}') else {
            rendered.push('{');
            rest = tail;
            continue;
        };
        placeholder(word, dialect, &mut rendered);
        rest = after;
    }
    rendered.push_str(rest);
    rendered.trim_end().to_owned()
}

fn placeholder(word: &str, dialect: Dialect, to: &mut String) {
    use Dialect::{Postgres, Sqlite};

    if let Some(list) = word.strip_prefix("in ") {
        let (before, after) = match dialect {
            Postgres => ("= ANY (", ")"),
            Sqlite => ("IN (SELECT value FROM json_each(", "))"),
        };
        to.push_str(before);
        to.push_str(list);
        to.push_str(after);
        return;
    }
    if let Some(columns) = word.strip_prefix("keys ") {
        keys(columns, dialect, to);
        return;
    }
    to.push_str(match (word, dialect) {
        ("now", Postgres) => "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
        ("now", Sqlite) => "CAST(unixepoch('subsec') * 1000000 AS INTEGER)",
        ("lock", Postgres) => "FOR UPDATE",
        ("share", Postgres) => "FOR SHARE",
        ("skip", Postgres) => "FOR UPDATE SKIP LOCKED",
        // Types and table options of the schema.
        ("id", Postgres) => "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        ("id", Sqlite) => "INTEGER PRIMARY KEY AUTOINCREMENT",
        ("name", Postgres) => "TEXT COLLATE \"C\"",
        ("name", Sqlite) => "TEXT",
        ("int", Postgres) => "BIGINT",
        ("bool", Postgres) => "BOOLEAN",
        ("int" | "bool", Sqlite) => "INTEGER",
        ("bytes", Postgres) => "BYTEA",
        ("bytes", Sqlite) => "BLOB",
        // Rows that are marked often have room on their page, and dead ones are cleared early.
        ("hot", Postgres) => "WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02)",
        ("busy", Postgres) => "WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02)",
        ("hot" | "list", Sqlite) => "STRICT, WITHOUT ROWID",
        ("table" | "busy" | "log", Sqlite) => "STRICT",
        ("log", Postgres) => "PARTITION BY RANGE (at)",
        _ => "",
    });
}

/// Rows with one of many keys in one parent: `entity_id = $2, key in $3`.
///
/// PostgreSQL would look for them in all rows of the parent where it takes these for few, which it does until the table was
/// analysed, and later for a parent that is not among the most frequent ones. So the parent's number is hidden from it; what is
/// left is to look up each pair in the index of both columns.
fn keys(columns: &str, dialect: Dialect, to: &mut String) {
    let columns: Vec<(&str, &str)> = columns
        .split(", ")
        .filter_map(|column| column.split_once(" = ").or_else(|| column.split_once(" in ")))
        .collect();
    let Some(((name, list), parents)) = columns.split_last() else { return };
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    if dialect == Dialect::Sqlite {
        let parents: String = parents.iter().map(|(name, value)| format!("{name} = {value} AND ")).collect();
        *to += &format!("{parents}{name} IN (SELECT value FROM json_each({list}))");
        return;
    }
    let numbers = 1..=names.len();
    let wanted: Vec<String> = numbers.map(|n| format!("f.c{n}")).collect();
    let parents: String = (1..).zip(parents).map(|(n, (_, value))| format!("{value} AS c{n}, ")).collect();
    *to += &format!(
        "({}) IN (SELECT {} FROM (SELECT {parents}unnest((SELECT {list})) AS c{} OFFSET 0) f)",
        names.join(", "),
        wanted.join(", "),
        names.len()
    );
}

/// Rows to be inserted together: `INSERT INTO {into} … {then}`. Columns come first that are the same in all rows, the
/// tenant being the first of them, then those that differ.
///
/// PostgreSQL takes the differing columns as arrays, SQLite as many rows of values in one statement.
pub struct Bulk {
    /// The table and its columns: `tieline.stale (tenant, target_id, key)`.
    pub into: &'static str,
    /// How many columns are the same in all rows, with the tenant.
    pub same: usize,
    /// The PostgreSQL types of the columns that differ.
    pub types: &'static [&'static str],
    /// What follows the rows: `ON CONFLICT …`, or nothing.
    pub then: &'static str,
    rendered: [OnceLock<Arc<str>>; 2],
}

/// How many rows one statement of SQLite inserts. Statements of this many rows stay prepared.
pub(crate) const BULK_ROWS: usize = 50;

impl Bulk {
    /// An insert of many rows.
    pub const fn new(
        into: &'static str,
        same: usize,
        types: &'static [&'static str],
        then: &'static str,
    ) -> Self {
        Self { into, same, types, then, rendered: [OnceLock::new(), OnceLock::new()] }
    }

    #[cfg(feature = "postgres")]
    pub(crate) fn postgres(&self) -> &Arc<str> {
        self.rendered[1].get_or_init(|| {
            let same: String = (1..=self.same).map(|n| format!("${n}, ")).collect();
            let arrays: Vec<String> =
                self.types.iter().zip(self.same + 1..).map(|(kind, n)| format!("${n}::{kind}[]")).collect();
            let names: Vec<String> = (1..=self.types.len()).map(|n| format!("u{n}")).collect();
            let names = names.join(", ");
            let text = format!(
                "INSERT INTO {} SELECT {same}{names} FROM unnest({}) AS u ({names}) {}",
                self.into,
                arrays.join(", "),
                self.then
            );
            render(&text, Dialect::Postgres).into()
        })
    }

    #[cfg(feature = "sqlite")]
    pub(crate) fn sqlite(&self, rows: usize) -> Arc<str> {
        let build = || -> Arc<str> {
            let same: String = (1..=self.same).map(|n| format!("${n}, ")).collect();
            let mut next = self.same;
            let values: Vec<String> = (0..rows)
                .map(|_| {
                    let columns: Vec<String> =
                        (1..=self.types.len()).map(|n| format!("${}", next + n)).collect();
                    next += self.types.len();
                    format!("({same}{})", columns.join(", "))
                })
                .collect();
            let text = format!("INSERT INTO {} VALUES {} {}", self.into, values.join(", "), self.then);
            render(&text, Dialect::Sqlite).into()
        };
        if rows == BULK_ROWS { Arc::clone(self.rendered[0].get_or_init(build)) } else { build() }
    }
}

impl fmt::Debug for Bulk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulk").field("into", &self.into).finish_non_exhaustive()
    }
}

/// A value that a statement takes. Its `Debug` shows the kind only.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Arg<'a> {
    /// A boolean.
    Bool(Option<bool>),
    /// A whole number, or a time in microseconds since 1970.
    Int(Option<i64>),
    /// A text.
    Text(Option<&'a str>),
    /// Bytes.
    Bytes(Option<&'a [u8]>),
    /// Texts, for `{in …}`.
    Texts(&'a [&'a str]),
    /// Texts that may be missing, for `unnest` in PostgreSQL.
    OptTexts(&'a [Option<&'a str>]),
    /// Numbers, for `{in …}`.
    Ints(&'a [i64]),
}

impl fmt::Debug for Arg<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool(_) => "Bool",
            Self::Int(_) => "Int",
            Self::Text(_) => "Text",
            Self::Bytes(_) => "Bytes",
            Self::Texts(_) => "Texts",
            Self::OptTexts(_) => "OptTexts",
            Self::Ints(_) => "Ints",
        })
    }
}

macro_rules! args {
    ($($from:ty => |$value:ident| $to:expr;)*) => {
        $(impl<'a> From<$from> for Arg<'a> {
            fn from($value: $from) -> Self {
                $to
            }
        })*
    };
}

args! {
    bool => |value| Self::Bool(Some(value));
    Option<bool> => |value| Self::Bool(value);
    i64 => |value| Self::Int(Some(value));
    Option<i64> => |value| Self::Int(value);
    u32 => |value| Self::Int(Some(value.into()));
    // A number that the databases cannot keep is beyond all that they have.
    u64 => |value| Self::Int(Some(i64::try_from(value).unwrap_or(i64::MAX)));
    &'a str => |value| Self::Text(Some(value));
    Option<&'a str> => |value| Self::Text(value);
    &'a String => |value| Self::Text(Some(value));
    &'a [u8] => |value| Self::Bytes(Some(value));
    Option<&'a [u8]> => |value| Self::Bytes(value);
    &'a Vec<u8> => |value| Self::Bytes(Some(value));
    &'a [&'a str] => |value| Self::Texts(value);
    &'a Vec<&'a str> => |value| Self::Texts(value);
    &'a [Option<&'a str>] => |value| Self::OptTexts(value);
    &'a [i64] => |value| Self::Ints(value);
    &'a Vec<i64> => |value| Self::Ints(value);
}

/// The values of one column of a [`Bulk`], one a row.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Column<'a> {
    /// Whole numbers.
    Ints(Vec<i64>),
    /// Texts.
    Texts(Vec<&'a str>),
    /// Texts that may be missing.
    OptTexts(Vec<Option<&'a str>>),
    /// Bytes.
    Bytes(Vec<&'a [u8]>),
}

impl Column<'_> {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Ints(values) => values.len(),
            Self::Texts(values) => values.len(),
            Self::OptTexts(values) => values.len(),
            Self::Bytes(values) => values.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Value;

    #[test]
    fn placeholders_are_written_out_for_each_database() {
        let text = "UPDATE tieline.rows SET at = {now} WHERE tenant = $1 AND key {in $2} {lock}";
        assert_eq!(
            render(text, Dialect::Sqlite),
            "UPDATE tieline_rows SET at = CAST(unixepoch('subsec') * 1000000 AS INTEGER) WHERE tenant = $1 \
             AND key IN (SELECT value FROM json_each($2))"
        );
        assert!(render(text, Dialect::Postgres).ends_with("AND key = ANY ($2) FOR UPDATE"));
    }

    #[test]
    fn keys_of_a_parent_are_looked_up_as_pairs() {
        let text = "DELETE FROM tieline.stale WHERE tenant = $1 AND {keys target_id = $2, key in $3}";
        assert_eq!(
            render(text, Dialect::Sqlite),
            "DELETE FROM tieline_stale WHERE tenant = $1 AND target_id = $2 AND key IN (SELECT value FROM json_each($3))"
        );
        assert_eq!(
            render(text, Dialect::Postgres),
            "DELETE FROM tieline.stale WHERE tenant = $1 AND (target_id, key) IN \
             (SELECT f.c1, f.c2 FROM (SELECT $2 AS c1, unnest((SELECT $3)) AS c2 OFFSET 0) f)"
        );
    }

    #[test]
    fn many_rows_are_one_statement() {
        static STALE: Bulk =
            Bulk::new("tieline.stale (tenant, target_id, key)", 2, &["text"], "ON CONFLICT DO NOTHING");
        assert_eq!(
            &*STALE.sqlite(2),
            "INSERT INTO tieline_stale (tenant, target_id, key) VALUES ($1, $2, $3), ($1, $2, $4) \
             ON CONFLICT DO NOTHING"
        );
        assert_eq!(
            &**STALE.postgres(),
            "INSERT INTO tieline.stale (tenant, target_id, key) SELECT $1, $2, u1 FROM unnest($3::text[]) \
             AS u (u1) ON CONFLICT DO NOTHING"
        );
    }

    #[test]
    fn values_are_never_shown() {
        assert_eq!(format!("{:?} {:?}", Arg::from("secret"), Value::Text("secret".into())), "Text Text");
    }
}
