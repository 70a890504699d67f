-- Tenants. What was stored so far belongs to the tenant `main`.

-- What sync keeps hangs on these numbers, which are never reused: AUTOINCREMENT.
CREATE TABLE tieline_connection_numbers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    -- Counts the commits of streams.
    sequence INTEGER NOT NULL,
    UNIQUE (tenant, connection)
) STRICT;
INSERT INTO tieline_connection_numbers (id, tenant, connection, sequence)
SELECT id, 'main', name, sequence FROM tieline_connections;
-- Not the numbers of erased connections either.
DELETE FROM sqlite_sequence WHERE name = 'tieline_connection_numbers';
INSERT INTO sqlite_sequence (name, seq)
SELECT 'tieline_connection_numbers', seq FROM sqlite_sequence WHERE name = 'tieline_connections';
DROP TABLE tieline_connections;

-- What a host keeps of its customers' accounts. Times are microseconds since 1970, in UTC.
CREATE TABLE tieline_connections (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    provider TEXT NOT NULL,
    name TEXT NOT NULL,
    config TEXT NOT NULL,
    active INTEGER NOT NULL,
    health TEXT NOT NULL,
    last_run INTEGER,
    last_error TEXT,
    last_error_at INTEGER,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT;

CREATE TABLE tieline_secrets (
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    name TEXT NOT NULL,
    -- Of the last value that there was. Stays when the secret goes, so that no generation comes twice.
    generation INTEGER NOT NULL,
    -- From here on NULL when there is no secret.
    sealed BLOB,
    key_id TEXT,
    stored_at INTEGER,
    renew_by INTEGER,
    intent_fence INTEGER,
    intent_at INTEGER,
    PRIMARY KEY (tenant, connection, name)
) STRICT;
CREATE INDEX tieline_secrets_renewal ON tieline_secrets (tenant, renew_by, connection, name)
WHERE renew_by IS NOT NULL;

-- The latest lease of each name. Each has a greater number than all before: AUTOINCREMENT.
CREATE TABLE tieline_leases (
    fence INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    name TEXT NOT NULL,
    ends INTEGER NOT NULL,
    UNIQUE (tenant, connection, name)
) STRICT;

CREATE TABLE tieline_consents (
    tenant TEXT NOT NULL,
    state BLOB NOT NULL,
    connection TEXT NOT NULL,
    provider TEXT NOT NULL,
    session BLOB NOT NULL,
    verifier BLOB,
    detail TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, state)
) STRICT;
CREATE INDEX tieline_consents_end ON tieline_consents (tenant, expires_at);

-- Who did what to which connection. Outlives the connection.
CREATE TABLE tieline_audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX tieline_audit_tenant ON tieline_audit (tenant, id);
CREATE INDEX tieline_audit_connection ON tieline_audit (tenant, connection, id);

-- One for all tenants.
CREATE TABLE tieline_key_check (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    sealed BLOB NOT NULL
) STRICT;
