//! The one list of tables. Policies, grants, erasure and the tests of isolation are derived from it.

/// What a table's rows hang on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Owner {
    /// The database: one row for all tenants.
    Database,
    /// A tenant.
    Tenant,
    /// A connection that the host made, named by this column.
    Connection(&'static str),
    /// What sync keeps of a connection: the column `synced_id`.
    Synced,
    /// An entity of it: the column `entity_id`.
    Entity,
    /// A target of it: the column `target_id`.
    Target,
}

/// What an application's role may do with a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rights {
    /// Everything but changing the table itself.
    All,
    /// Reading, adding and changing, but not deleting.
    Keep,
    /// Reading and adding: what is written stays as it is.
    Append,
}

impl Rights {
    /// The privileges in SQL.
    pub fn privileges(self) -> &'static str {
        match self {
            Self::All => "SELECT, INSERT, UPDATE, DELETE",
            Self::Keep => "SELECT, INSERT, UPDATE",
            Self::Append => "SELECT, INSERT",
        }
    }
}

/// A table of the store.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Table {
    /// The name, without schema.
    pub name: &'static str,
    /// What its rows hang on.
    pub owner: Owner,
    /// Its primary key.
    pub key: &'static [&'static str],
    /// What an application's role may do.
    pub rights: Rights,
    /// Times at which something is due, ends or was finished.
    pub due: &'static [&'static str],
    /// Whether the dispatcher's role may read it across tenants.
    pub directory: bool,
    /// Whether it grows by time: entries are never changed, and in PostgreSQL it is partitioned by its column `at`.
    pub log: bool,
}

impl Table {
    const fn new(name: &'static str, owner: Owner, key: &'static [&'static str]) -> Self {
        Self { name, owner, key, rights: Rights::All, due: &[], directory: false, log: false }
    }

    const fn rights(mut self, rights: Rights) -> Self {
        self.rights = rights;
        self
    }

    const fn due(mut self, columns: &'static [&'static str]) -> Self {
        self.due = columns;
        self
    }

    const fn directory(mut self) -> Self {
        self.directory = true;
        self
    }

    const fn log(mut self) -> Self {
        self.log = true;
        self
    }

    /// Whether its rows have the column `tenant`.
    pub fn has_tenant(&self) -> bool {
        self.owner != Owner::Database
    }
}

/// All tables, those that hang on others before them.
pub static TABLES: &[Table] = &[
    Table::new("rows", Owner::Target, &["target_id", "key"]),
    Table::new("needs", Owner::Target, &["entity_id", "field", "needed", "target_id", "key"]),
    Table::new("stale", Owner::Target, &["target_id", "key"]),
    Table::new("targets", Owner::Synced, &["id"]),
    Table::new("index_entries", Owner::Entity, &["entity_id", "field", "value", "key"]),
    Table::new("indexes", Owner::Entity, &["entity_id", "field"]),
    Table::new("payloads", Owner::Entity, &["entity_id", "key"]),
    Table::new("records", Owner::Entity, &["entity_id", "key"]),
    Table::new("pending", Owner::Entity, &["entity_id", "key"]),
    Table::new("entities", Owner::Synced, &["id"]),
    Table::new("streams", Owner::Synced, &["id"]),
    Table::new("outbox", Owner::Synced, &["id"]).due(&["due", "changed_at"]),
    Table::new("inbox", Owner::Synced, &["id"]).due(&["due", "changed_at"]),
    Table::new("attempts", Owner::Synced, &["id"]),
    Table::new("notifications", Owner::Synced, &["id"]).due(&["due", "changed_at"]),
    Table::new("events", Owner::Synced, &["tenant", "number", "at"]).due(&["at"]).log(),
    Table::new("links", Owner::Synced, &["id"]),
    Table::new("changed_records", Owner::Synced, &["synced_id", "side", "key"]).due(&["not_before"]),
    Table::new("match_values", Owner::Synced, &["synced_id", "side", "key", "rule"]),
    Table::new("conflicts", Owner::Synced, &["id"]),
    Table::new("tasks", Owner::Synced, &["id"]),
    Table::new("pairings", Owner::Synced, &["id"]),
    Table::new("synced", Owner::Tenant, &["id"]),
    Table::new("secrets", Owner::Connection("connection"), &["tenant", "connection", "name"]),
    Table::new("leases", Owner::Connection("connection"), &["tenant", "connection", "name"]).due(&["ends"]),
    Table::new("consents", Owner::Connection("connection"), &["tenant", "state"]),
    Table::new("routes", Owner::Connection("connection"), &["kind", "hash"]).directory(),
    Table::new("due", Owner::Connection("connection"), &["tenant", "connection", "what"])
        .due(&["at"])
        .directory(),
    Table::new("accounts", Owner::Connection("connection"), &["hash", "tenant", "connection"]).directory(),
    Table::new("endpoint_secrets", Owner::Connection("connection"), &["id"]).due(&["ends_at"]),
    Table::new("endpoints", Owner::Connection("connection"), &["tenant", "id"]),
    Table::new("subscribers", Owner::Connection("connection"), &["tenant", "id"]),
    Table::new("connections", Owner::Connection("id"), &["tenant", "id"]),
    Table::new("log_counts", Owner::Tenant, &["tenant", "log"]).rights(Rights::Keep),
    Table::new("audit", Owner::Tenant, &["tenant", "number", "at"]).rights(Rights::Append).log(),
    Table::new("key_check", Owner::Database, &["one"]).rights(Rights::Keep),
];
