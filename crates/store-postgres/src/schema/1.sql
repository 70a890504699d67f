-- Names and keys are compared by their bytes, as everywhere in Tieline: COLLATE "C". Numbers come from identity columns
-- and are never reused.

-- What sync keeps of a connection hangs on its number here.
CREATE TABLE tieline_synced (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant TEXT COLLATE "C" NOT NULL CHECK (tenant <> ''),
    connection TEXT COLLATE "C" NOT NULL,
    -- Counts the commits of streams.
    sequence BIGINT NOT NULL,
    UNIQUE (tenant, connection)
);

CREATE TABLE tieline_entities (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant TEXT COLLATE "C" NOT NULL,
    synced_id BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    -- The commit that last deleted a record.
    deleted_in BIGINT NOT NULL DEFAULT 0,
    UNIQUE (synced_id, name)
);

CREATE TABLE tieline_streams (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant TEXT COLLATE "C" NOT NULL,
    synced_id BIGINT NOT NULL,
    entity TEXT COLLATE "C" NOT NULL,
    -- Empty for the whole entity, else '=' and the partition.
    partition TEXT COLLATE "C" NOT NULL,
    state TEXT,
    revision BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    full_since BIGINT,
    keys_since BIGINT,
    UNIQUE (synced_id, entity, partition)
);

-- Payloads have a table of their own, so that marking a record as seen rewrites few bytes; and pages have room for such
-- marks, so that they need no change of an index.
CREATE TABLE tieline_records (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant TEXT COLLATE "C" NOT NULL,
    entity_id BIGINT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    -- The stream that saw it last, and the generation of that stream.
    stream_id BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    -- The commit that last changed its payload.
    changed_in BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    changed_at TEXT,
    version TEXT,
    UNIQUE (entity_id, key)
) WITH (fillfactor = 60);
CREATE INDEX tieline_records_stream ON tieline_records (stream_id);

-- JSON as text: the provider's digits, spaces and escapes stay as they came.
CREATE TABLE tieline_payloads (
    record_id BIGINT PRIMARY KEY,
    tenant TEXT COLLATE "C" NOT NULL,
    payload TEXT NOT NULL
);

CREATE TABLE tieline_targets (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant TEXT COLLATE "C" NOT NULL,
    synced_id BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    entity_id BIGINT NOT NULL,
    fingerprint TEXT NOT NULL,
    UNIQUE (synced_id, name)
);
CREATE INDEX tieline_targets_entity ON tieline_targets (entity_id);

CREATE TABLE tieline_rows (
    tenant TEXT COLLATE "C" NOT NULL,
    target_id BIGINT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    hash BYTEA NOT NULL,
    fields TEXT NOT NULL,
    PRIMARY KEY (target_id, key)
);

-- Which records the mapping of a row looked up.
CREATE TABLE tieline_needs (
    tenant TEXT COLLATE "C" NOT NULL,
    entity_id BIGINT NOT NULL,
    needed TEXT COLLATE "C" NOT NULL,
    target_id BIGINT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (entity_id, needed, target_id, key)
);
CREATE INDEX tieline_needs_row ON tieline_needs (target_id, key);

-- Keys whose row must be mapped again.
CREATE TABLE tieline_stale (
    tenant TEXT COLLATE "C" NOT NULL,
    target_id BIGINT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (target_id, key)
);

-- Writes that are stored before they are sent.
CREATE TABLE tieline_outbox (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant TEXT COLLATE "C" NOT NULL,
    synced_id BIGINT NOT NULL,
    operation TEXT COLLATE "C" NOT NULL,
    entity TEXT COLLATE "C" NOT NULL,
    op TEXT NOT NULL,
    -- The record whose operations keep their order.
    record TEXT COLLATE "C",
    stage TEXT NOT NULL,
    -- Whether something may still become of it.
    open BOOLEAN NOT NULL,
    due TIMESTAMPTZ,
    revision BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    ticket TEXT,
    key TEXT,
    note TEXT,
    -- How the last attempt is found again: the field, the search delay in microseconds, whether each create carries it.
    marker_field TEXT,
    search_delay BIGINT,
    marker_always BOOLEAN,
    -- Whether finding nothing proves that it did not happen.
    conclusive BOOLEAN,
    enqueued_at TIMESTAMPTZ NOT NULL,
    attempted_at TIMESTAMPTZ,
    changed_at TIMESTAMPTZ NOT NULL,
    UNIQUE (synced_id, operation)
);
CREATE INDEX tieline_outbox_order ON tieline_outbox (synced_id, id);
CREATE INDEX tieline_outbox_stage ON tieline_outbox (synced_id, stage, id);
CREATE INDEX tieline_outbox_record ON tieline_outbox (synced_id, entity, record, id) WHERE open AND record IS NOT NULL;
CREATE INDEX tieline_outbox_finished ON tieline_outbox (synced_id, changed_at) WHERE NOT open;

-- Accounts at providers. The settings are JSON as text, so that they come back as they were.
CREATE TABLE tieline_connections (
    tenant TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    config TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    health TEXT NOT NULL,
    last_run TIMESTAMPTZ,
    last_error TEXT,
    last_error_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    created_by TEXT NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    updated_by TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
);

CREATE TABLE tieline_secrets (
    tenant TEXT COLLATE "C" NOT NULL,
    connection TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    -- Of the last value that there was. Stays when the secret goes, so that no generation comes twice.
    generation BIGINT NOT NULL,
    -- From here on NULL when there is no secret.
    sealed BYTEA,
    key_id TEXT,
    stored_at TIMESTAMPTZ,
    renew_by TIMESTAMPTZ,
    -- A renewal that was begun and whose end was never stored.
    intent_fence BIGINT,
    intent_at TIMESTAMPTZ,
    PRIMARY KEY (tenant, connection, name)
);
CREATE INDEX tieline_secrets_renewals ON tieline_secrets (tenant, renew_by, connection, name)
WHERE renew_by IS NOT NULL;

-- Numbers of leases, which outlive their rows.
CREATE SEQUENCE tieline_fences AS BIGINT;

CREATE TABLE tieline_leases (
    tenant TEXT COLLATE "C" NOT NULL,
    connection TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    fence BIGINT NOT NULL,
    ends TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant, connection, name)
);

CREATE TABLE tieline_consents (
    tenant TEXT COLLATE "C" NOT NULL,
    state BYTEA NOT NULL,
    connection TEXT COLLATE "C" NOT NULL,
    provider TEXT NOT NULL,
    session BYTEA NOT NULL,
    verifier BYTEA,
    detail TEXT NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant, state)
);
CREATE INDEX tieline_consents_end ON tieline_consents (tenant, expires_at);
CREATE INDEX tieline_consents_connection ON tieline_consents (tenant, connection);

-- Counts the lines of a tenant's audit log, so that they become visible in their order.
CREATE TABLE tieline_tenants (
    tenant TEXT COLLATE "C" PRIMARY KEY,
    audited BIGINT NOT NULL
);

CREATE TABLE tieline_audit (
    tenant TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    actor TEXT NOT NULL,
    connection TEXT COLLATE "C" NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (tenant, number)
);
CREATE INDEX tieline_audit_connection ON tieline_audit (tenant, connection, number);

-- What the vault's keys are checked with. One row for all tenants, and no secret.
CREATE TABLE tieline_key_check (
    single BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (single),
    sealed BYTEA NOT NULL
);

-- A row is there for its own tenant and for nobody else, the owner of the tables included. The setting is read once a
-- statement, not once a row; without it, or after the transaction that it was for, it is NULL or empty, and no tenant
-- has an empty name.
DO $$
DECLARE
    name TEXT;
    condition TEXT;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'tieline_synced', 'tieline_entities', 'tieline_streams', 'tieline_records', 'tieline_payloads',
        'tieline_targets', 'tieline_rows', 'tieline_needs', 'tieline_stale', 'tieline_outbox', 'tieline_connections',
        'tieline_secrets', 'tieline_leases', 'tieline_consents', 'tieline_tenants', 'tieline_audit',
        'tieline_key_check'
    ] LOOP
        condition := CASE name
            WHEN 'tieline_key_check' THEN '(SELECT current_setting(''tieline.tenant'', TRUE)) <> '''''
            ELSE 'tenant <> '''' AND tenant = (SELECT current_setting(''tieline.tenant'', TRUE))'
        END;
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tieline_tenant ON %I USING (%s) WITH CHECK (%s)', name, condition, condition);
    END LOOP;
END $$;
