-- Numbers of connections, entities, targets and streams are never reused: AUTOINCREMENT.

CREATE TABLE tieline_connections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    -- Counts the commits of streams.
    sequence INTEGER NOT NULL
) STRICT;

CREATE TABLE tieline_entities (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    connection_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    -- The commit that last deleted a record.
    deleted_in INTEGER NOT NULL DEFAULT 0,
    UNIQUE (connection_id, name)
) STRICT;

CREATE TABLE tieline_streams (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    connection_id INTEGER NOT NULL,
    entity TEXT NOT NULL,
    partition TEXT,
    state TEXT,
    revision INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    full_since INTEGER,
    keys_since INTEGER,
    UNIQUE (connection_id, entity, partition)
) STRICT;
-- NULLs count as different in a UNIQUE constraint.
CREATE UNIQUE INDEX tieline_streams_whole ON tieline_streams (connection_id, entity) WHERE partition IS NULL;

-- Payloads have a table of their own, so that marking a record as seen rewrites few bytes.
CREATE TABLE tieline_records (
    id INTEGER PRIMARY KEY,
    entity_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    -- The stream that saw it last, and the generation of that stream.
    stream_id INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    -- The commit that last changed its payload.
    changed_in INTEGER NOT NULL,
    hash BLOB NOT NULL,
    changed_at TEXT,
    version TEXT,
    UNIQUE (entity_id, key)
) STRICT;
CREATE INDEX tieline_records_stream ON tieline_records (stream_id);

CREATE TABLE tieline_payloads (
    record_id INTEGER PRIMARY KEY,
    payload TEXT NOT NULL
) STRICT;

CREATE TABLE tieline_targets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    connection_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    entity_id INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    UNIQUE (connection_id, name)
) STRICT;
CREATE INDEX tieline_targets_entity ON tieline_targets (entity_id);

CREATE TABLE tieline_rows (
    id INTEGER PRIMARY KEY,
    target_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    hash BLOB NOT NULL,
    fields TEXT NOT NULL,
    UNIQUE (target_id, key)
) STRICT;

-- Which records the mapping of a row looked up.
CREATE TABLE tieline_needs (
    entity_id INTEGER NOT NULL,
    needed TEXT NOT NULL,
    target_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (entity_id, needed, target_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX tieline_needs_row ON tieline_needs (target_id, key);

-- Keys whose row must be mapped again.
CREATE TABLE tieline_stale (
    target_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (target_id, key)
) STRICT, WITHOUT ROWID;
