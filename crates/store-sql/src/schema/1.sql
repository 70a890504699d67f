-- Names and keys are compared by their bytes. Numbers are never reused. Times are microseconds since 1970, in UTC.

-- What sync keeps of a connection hangs on its number here. An erased connection is marked first, which makes all of it
-- invisible at once; its rows are deleted in batches afterwards.
CREATE TABLE tieline.synced (
    id {id},
    tenant {name} NOT NULL CHECK (tenant <> ''),
    connection {name} NOT NULL,
    -- Counts the commits of streams.
    sequence {int} NOT NULL,
    erased {bool} NOT NULL DEFAULT FALSE
) {table};
CREATE UNIQUE INDEX tieline_synced_connection ON tieline.synced (tenant, connection) WHERE NOT erased;
CREATE INDEX tieline_synced_erased ON tieline.synced (tenant, id) WHERE erased;

CREATE TABLE tieline.entities (
    id {id},
    tenant {name} NOT NULL,
    synced_id {int} NOT NULL,
    name {name} NOT NULL,
    -- The commits that last changed and last deleted a record.
    changed_in {int} NOT NULL DEFAULT 0,
    deleted_in {int} NOT NULL DEFAULT 0,
    UNIQUE (synced_id, name)
) {table};

CREATE TABLE tieline.streams (
    id {id},
    tenant {name} NOT NULL,
    synced_id {int} NOT NULL,
    entity {name} NOT NULL,
    -- Empty for the whole entity, else '=' and the partition.
    partition {name} NOT NULL,
    state TEXT,
    revision {int} NOT NULL,
    generation {int} NOT NULL,
    full_since {int},
    keys_since {int},
    -- The fields on request that its records are read with, as a JSON array.
    fields TEXT,
    UNIQUE (synced_id, entity, partition)
) {table};

-- Payloads have a table of their own, so that marking a record as seen rewrites few bytes.
CREATE TABLE tieline.records (
    tenant {name} NOT NULL,
    entity_id {int} NOT NULL,
    key {name} NOT NULL,
    -- The stream that saw it last, and the generation of that stream.
    stream_id {int} NOT NULL,
    generation {int} NOT NULL,
    -- The commit that last changed its payload.
    changed_in {int} NOT NULL,
    hash {bytes} NOT NULL,
    changed_at TEXT,
    version TEXT,
    PRIMARY KEY (entity_id, key)
) {hot};
CREATE INDEX tieline_records_stream ON tieline.records (stream_id, entity_id, key);

-- JSON as text: the provider's digits, spaces and escapes stay as they came.
CREATE TABLE tieline.payloads (
    tenant {name} NOT NULL,
    entity_id {int} NOT NULL,
    key {name} NOT NULL,
    payload TEXT NOT NULL,
    PRIMARY KEY (entity_id, key)
) {table};

CREATE TABLE tieline.targets (
    id {id},
    tenant {name} NOT NULL,
    synced_id {int} NOT NULL,
    name {name} NOT NULL,
    entity_id {int} NOT NULL,
    fingerprint TEXT NOT NULL,
    -- Rows that went in earlier commits are forgotten, so that readers who are further behind begin anew.
    forgotten_in {int} NOT NULL DEFAULT 0,
    UNIQUE (synced_id, name)
) {table};
CREATE INDEX tieline_targets_entity ON tieline.targets (entity_id);

-- `fields` is NULL for a row that went: readers of changes are told, until that is pruned.
CREATE TABLE tieline.rows (
    tenant {name} NOT NULL,
    target_id {int} NOT NULL,
    key {name} NOT NULL,
    hash {bytes} NOT NULL,
    fields TEXT,
    -- The commit that last changed it.
    changed_in {int} NOT NULL,
    PRIMARY KEY (target_id, key)
) {table};
CREATE INDEX tieline_rows_changed ON tieline.rows (target_id, changed_in, key);

-- Which records the mapping of a row looked up: by their key, or by another field.
CREATE TABLE tieline.needs (
    tenant {name} NOT NULL,
    entity_id {int} NOT NULL,
    -- Empty for the key, else the path of the field.
    field {name} NOT NULL,
    needed {name} NOT NULL,
    target_id {int} NOT NULL,
    key {name} NOT NULL,
    PRIMARY KEY (entity_id, field, needed, target_id, key)
) {list};
CREATE INDEX tieline_needs_row ON tieline.needs (target_id, key);

-- Fields that records are looked up by.
CREATE TABLE tieline.indexes (
    tenant {name} NOT NULL,
    entity_id {int} NOT NULL,
    field {name} NOT NULL,
    -- Up to this key the stored records are in the index; NULL when all of them are.
    built_to {name},
    PRIMARY KEY (entity_id, field)
) {list};

-- Which records have a value in an indexed field.
CREATE TABLE tieline.index_entries (
    tenant {name} NOT NULL,
    entity_id {int} NOT NULL,
    field {name} NOT NULL,
    value {name} NOT NULL,
    key {name} NOT NULL,
    PRIMARY KEY (entity_id, field, value, key)
) {list};
CREATE INDEX tieline_index_entries_record ON tieline.index_entries (entity_id, key);

-- Keys whose row must be mapped again.
CREATE TABLE tieline.stale (
    tenant {name} NOT NULL,
    target_id {int} NOT NULL,
    key {name} NOT NULL,
    PRIMARY KEY (target_id, key)
) {list};

-- Records that a read was refused, and those that are gone and whose deletion is held.
CREATE TABLE tieline.pending (
    tenant {name} NOT NULL,
    entity_id {int} NOT NULL,
    key {name} NOT NULL,
    -- The stream that noted it last.
    stream_id {int} NOT NULL,
    kind {name} NOT NULL,
    why TEXT NOT NULL,
    first_at {int} NOT NULL,
    tries {int} NOT NULL,
    PRIMARY KEY (entity_id, key)
) {list};
CREATE INDEX tieline_pending_stream ON tieline.pending (stream_id, tries, key);

-- Writes that are stored before they are sent.
CREATE TABLE tieline.outbox (
    id {id},
    tenant {name} NOT NULL,
    synced_id {int} NOT NULL,
    operation {name} NOT NULL,
    entity {name} NOT NULL,
    -- Empty for the whole entity, else '=' and the partition.
    partition {name} NOT NULL,
    op TEXT NOT NULL,
    -- The record whose operations keep their order.
    record {name},
    status {name} NOT NULL,
    -- Whether something may still become of it.
    open {bool} NOT NULL,
    due {int},
    revision {int} NOT NULL,
    attempts {int} NOT NULL,
    ticket TEXT,
    key TEXT,
    note TEXT,
    -- How the last attempt is found again: the field, the search delay in microseconds, whether each create carries it.
    marker_field TEXT,
    search_delay {int},
    marker_always {bool},
    -- Whether finding nothing proves that it did not happen.
    conclusive {bool},
    enqueued_at {int} NOT NULL,
    attempted_at {int},
    changed_at {int} NOT NULL,
    UNIQUE (synced_id, operation)
) {busy};
CREATE INDEX tieline_outbox_order ON tieline.outbox (synced_id, id);
CREATE INDEX tieline_outbox_status ON tieline.outbox (synced_id, status, id);
CREATE INDEX tieline_outbox_record ON tieline.outbox (synced_id, entity, partition, record, id) WHERE open AND record IS NOT NULL;
CREATE INDEX tieline_outbox_finished ON tieline.outbox (synced_id, changed_at) WHERE NOT open;

-- What providers notified of: events of verified deliveries, stored before the provider gets its response. No header,
-- address or body of a delivery is kept.
CREATE TABLE tieline.inbox (
    id {id},
    tenant {name} NOT NULL,
    synced_id {int} NOT NULL,
    endpoint {name} NOT NULL,
    -- A hash by which a repeated delivery is recognised; NULL when nothing about it is signed.
    identity {bytes},
    status {name} NOT NULL,
    -- When it is handled, or when the lease of its worker ends; NULL at rest.
    due {int},
    revision {int} NOT NULL,
    attempts {int} NOT NULL,
    event TEXT NOT NULL,
    note TEXT,
    received_at {int} NOT NULL,
    changed_at {int} NOT NULL
) {busy};
CREATE UNIQUE INDEX tieline_inbox_identity ON tieline.inbox (synced_id, endpoint, identity) WHERE identity IS NOT NULL;
CREATE INDEX tieline_inbox_status ON tieline.inbox (synced_id, status, id);
CREATE INDEX tieline_inbox_due ON tieline.inbox (synced_id, due) WHERE status IN ('pending', 'working');
CREATE INDEX tieline_inbox_rest ON tieline.inbox (synced_id, changed_at) WHERE status IN ('done', 'dead');

-- Accounts at providers. The settings are JSON as text, so that they come back as they were.
CREATE TABLE tieline.connections (
    tenant {name} NOT NULL,
    id {name} NOT NULL,
    provider {name} NOT NULL,
    name TEXT NOT NULL,
    config TEXT NOT NULL,
    -- The account's id at the provider, once it is known.
    account TEXT,
    active {bool} NOT NULL,
    health TEXT NOT NULL,
    last_run {int},
    last_error TEXT,
    last_error_at {int},
    created_at {int} NOT NULL,
    created_by TEXT NOT NULL,
    updated_at {int} NOT NULL,
    updated_by TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
) {table};

CREATE TABLE tieline.secrets (
    tenant {name} NOT NULL,
    connection {name} NOT NULL,
    name {name} NOT NULL,
    -- Of the last value that there was. Stays when the secret goes, so that no generation comes twice.
    generation {int} NOT NULL,
    -- From here on NULL when there is no secret.
    sealed {bytes},
    key_id TEXT,
    stored_at {int},
    renew_by {int},
    -- A renewal that was begun and whose end was never stored.
    intent_fence {int},
    intent_at {int},
    -- When the provider refused it for good.
    refused_at {int},
    PRIMARY KEY (tenant, connection, name)
) {table};
CREATE INDEX tieline_secrets_renewals ON tieline.secrets (tenant, renew_by, connection, name)
WHERE renew_by IS NOT NULL;

-- The latest lease of each name. Its row stays, so that each has a greater number than all before.
CREATE TABLE tieline.leases (
    tenant {name} NOT NULL,
    connection {name} NOT NULL,
    name {name} NOT NULL,
    fence {int} NOT NULL,
    ends {int} NOT NULL,
    PRIMARY KEY (tenant, connection, name)
) {table};

CREATE TABLE tieline.consents (
    tenant {name} NOT NULL,
    state {bytes} NOT NULL,
    connection {name} NOT NULL,
    provider TEXT NOT NULL,
    session {bytes} NOT NULL,
    verifier {bytes},
    detail TEXT NOT NULL,
    expires_at {int} NOT NULL,
    PRIMARY KEY (tenant, state)
) {table};
CREATE INDEX tieline_consents_end ON tieline.consents (tenant, expires_at);
CREATE INDEX tieline_consents_connection ON tieline.consents (tenant, connection);

-- Counts the entries of a tenant's logs, so that they become visible in their order.
CREATE TABLE tieline.log_counts (
    tenant {name} NOT NULL,
    log {name} NOT NULL,
    last {int} NOT NULL,
    PRIMARY KEY (tenant, log)
) {table};

-- Who did what to which connection. Outlives the connection.
CREATE TABLE tieline.audit (
    tenant {name} NOT NULL,
    number {int} NOT NULL,
    at {int} NOT NULL,
    actor TEXT NOT NULL,
    connection {name} NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL,
    -- A key of a partitioned table holds what it is partitioned by.
    PRIMARY KEY (tenant, number, at)
) {log};
CREATE INDEX tieline_audit_connection ON tieline.audit (tenant, connection, number);

-- What happened to connections, for pages that are shown live. Goes with its connection.
CREATE TABLE tieline.events (
    tenant {name} NOT NULL,
    number {int} NOT NULL,
    at {int} NOT NULL,
    synced_id {int} NOT NULL,
    kind {name} NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (tenant, number, at)
) {log};
CREATE INDEX tieline_events_synced ON tieline.events (synced_id);
CREATE INDEX tieline_events_at ON tieline.events (tenant, at);

-- What the vault's keys are checked with. One row for all tenants, and no secret.
CREATE TABLE tieline.key_check (
    one {int} PRIMARY KEY CHECK (one = 1),
    sealed {bytes} NOT NULL
) {table};

-- The directory: which tenant and connection a hash of a webhook's path, an API key or a provider's account belongs to.
-- No personal data.
CREATE TABLE tieline.routes (
    kind {name} NOT NULL,
    hash {bytes} NOT NULL,
    tenant {name} NOT NULL,
    connection {name} NOT NULL,
    PRIMARY KEY (kind, hash)
) {table};
CREATE INDEX tieline_routes_connection ON tieline.routes (tenant, connection);

-- The directory: what is due when, for which connection.
CREATE TABLE tieline.due (
    tenant {name} NOT NULL,
    connection {name} NOT NULL,
    what {name} NOT NULL,
    at {int} NOT NULL,
    PRIMARY KEY (tenant, connection, what)
) {table};
CREATE INDEX tieline_due_at ON tieline.due (at, tenant, connection, what);

-- Pairings of two sides whose records are kept in step. What is stored of one hangs on a connection of its own.
CREATE TABLE tieline.pairings (
    id {id},
    tenant {name} NOT NULL,
    synced_id {int} NOT NULL,
    -- The connections of the sides; NULL for a side that is none.
    left_connection {name},
    right_connection {name},
    fingerprint TEXT NOT NULL,
    -- How far the changes of each side were followed.
    left_cursor TEXT,
    right_cursor TEXT,
    confirmed {bool} NOT NULL DEFAULT FALSE,
    UNIQUE (synced_id)
) {table};
CREATE INDEX tieline_pairings_left ON tieline.pairings (tenant, left_connection);
CREATE INDEX tieline_pairings_right ON tieline.pairings (tenant, right_connection);

-- One record of each side. A key stays with its link when the record is gone.
CREATE TABLE tieline.links (
    id {id},
    tenant {name} NOT NULL,
    synced_id {int} NOT NULL,
    left_key {name},
    right_key {name},
    state {name} NOT NULL,
    revision {int} NOT NULL,
    -- What each side showed at the last agreement, and the writes under way, as JSON.
    body TEXT NOT NULL,
    changed_at {int} NOT NULL
) {busy};
CREATE UNIQUE INDEX tieline_links_left ON tieline.links (synced_id, left_key);
CREATE UNIQUE INDEX tieline_links_right ON tieline.links (synced_id, right_key);
CREATE INDEX tieline_links_state ON tieline.links (synced_id, state, id);

-- Records that changed and are to be looked at.
CREATE TABLE tieline.changed_records (
    tenant {name} NOT NULL,
    synced_id {int} NOT NULL,
    side {name} NOT NULL,
    key {name} NOT NULL,
    -- Grows with each change, so that handling one leaves a later one.
    sequence {int} NOT NULL,
    not_before {int} NOT NULL,
    PRIMARY KEY (synced_id, side, key)
) {list};
CREATE INDEX tieline_changed_records_sequence ON tieline.changed_records (synced_id, sequence);

-- Values by which records that are not linked are matched.
CREATE TABLE tieline.match_values (
    tenant {name} NOT NULL,
    synced_id {int} NOT NULL,
    side {name} NOT NULL,
    key {name} NOT NULL,
    rule {int} NOT NULL,
    value {name} NOT NULL,
    PRIMARY KEY (synced_id, side, key, rule)
) {list};
CREATE INDEX tieline_match_values_value ON tieline.match_values (synced_id, side, rule, value, key);

-- Edits that did not hold, with the values of both sides.
CREATE TABLE tieline.conflicts (
    id {id},
    tenant {name} NOT NULL,
    synced_id {int} NOT NULL,
    link_id {int} NOT NULL,
    field TEXT NOT NULL,
    base_value TEXT,
    left_value TEXT,
    right_value TEXT,
    policy TEXT NOT NULL,
    winner {name} NOT NULL,
    at {int} NOT NULL
) {table};
CREATE INDEX tieline_conflicts_order ON tieline.conflicts (synced_id, id);

-- Questions for people.
CREATE TABLE tieline.tasks (
    id {id},
    tenant {name} NOT NULL,
    synced_id {int} NOT NULL,
    kind {name} NOT NULL,
    -- The link; 0 for the pairing as a whole.
    link_id {int} NOT NULL,
    link_revision {int} NOT NULL,
    subject {name} NOT NULL,
    status {name} NOT NULL,
    detail TEXT NOT NULL,
    created_at {int} NOT NULL,
    decided_at {int},
    decided_by TEXT
) {table};
CREATE UNIQUE INDEX tieline_tasks_open ON tieline.tasks (synced_id, link_id, kind, subject) WHERE status = 'open';
CREATE INDEX tieline_tasks_order ON tieline.tasks (synced_id, id);
CREATE INDEX tieline_tasks_status ON tieline.tasks (synced_id, status, id);

-- The directory: which connections stored an account of a provider when they were checked, by a hash of both.
CREATE TABLE tieline.accounts (
    hash {bytes} NOT NULL,
    tenant {name} NOT NULL,
    connection {name} NOT NULL,
    PRIMARY KEY (hash, tenant, connection)
) {list};
CREATE INDEX tieline_accounts_connection ON tieline.accounts (tenant, connection);

-- Addresses at which providers notify the host of changes of a connection.
CREATE TABLE tieline.endpoints (
    tenant {name} NOT NULL,
    id {name} NOT NULL,
    connection {name} NOT NULL,
    provider {name} NOT NULL,
    -- Of the unguessable part of its path.
    path_hash {bytes} NOT NULL,
    -- A JSON array of entities; empty for all.
    entities TEXT NOT NULL,
    -- The provider's subscriptions that call it, as a JSON array.
    subscriptions TEXT NOT NULL,
    active {bool} NOT NULL,
    created_at {int} NOT NULL,
    PRIMARY KEY (tenant, id)
) {table};
CREATE UNIQUE INDEX tieline_endpoints_path ON tieline.endpoints (path_hash);
CREATE INDEX tieline_endpoints_connection ON tieline.endpoints (tenant, connection, id);

-- Addresses that are notified of events.
CREATE TABLE tieline.subscribers (
    tenant {name} NOT NULL,
    id {name} NOT NULL,
    -- Empty for all connections.
    connection {name} NOT NULL,
    url TEXT NOT NULL,
    -- A JSON array of kinds; empty for all.
    kinds TEXT NOT NULL,
    active {bool} NOT NULL,
    pause TEXT,
    -- The number of the last event that became a notification, or was passed over.
    followed {int} NOT NULL,
    created_at {int} NOT NULL,
    PRIMARY KEY (tenant, id)
) {table};

-- Sealed secrets of endpoints and subscribers; several are in force during a rotation.
CREATE TABLE tieline.endpoint_secrets (
    id {id},
    tenant {name} NOT NULL,
    connection {name} NOT NULL,
    endpoint {name} NOT NULL,
    purpose {name} NOT NULL,
    sealed {bytes} NOT NULL,
    ends_at {int}
) {table};
CREATE INDEX tieline_endpoint_secrets_endpoint ON tieline.endpoint_secrets (tenant, endpoint, id);
CREATE INDEX tieline_endpoint_secrets_connection ON tieline.endpoint_secrets (tenant, connection);

-- Events on their way to subscribers.
CREATE TABLE tieline.notifications (
    id {id},
    tenant {name} NOT NULL,
    synced_id {int} NOT NULL,
    subscriber {name} NOT NULL,
    event {int} NOT NULL,
    kind {name} NOT NULL,
    body TEXT NOT NULL,
    status {name} NOT NULL,
    -- When it is sent, or when the lease of its sender ends; NULL at rest.
    due {int},
    revision {int} NOT NULL,
    failed {int} NOT NULL,
    created_at {int} NOT NULL,
    changed_at {int} NOT NULL,
    UNIQUE (tenant, subscriber, event)
) {busy};
CREATE INDEX tieline_notifications_status ON tieline.notifications (tenant, subscriber, status, id);
CREATE INDEX tieline_notifications_order ON tieline.notifications (tenant, subscriber, id);
CREATE INDEX tieline_notifications_synced ON tieline.notifications (synced_id);
CREATE INDEX tieline_notifications_rest ON tieline.notifications (tenant, changed_at) WHERE status IN ('delivered', 'dead');

-- Each attempt at a notification. Nothing of a response but its status is kept.
CREATE TABLE tieline.attempts (
    id {id},
    tenant {name} NOT NULL,
    synced_id {int} NOT NULL,
    subscriber {name} NOT NULL,
    notification {int} NOT NULL,
    at {int} NOT NULL,
    http_status {int},
    took {int} NOT NULL,
    note TEXT
) {table};
CREATE INDEX tieline_attempts_order ON tieline.attempts (tenant, subscriber, id);
CREATE INDEX tieline_attempts_notification ON tieline.attempts (tenant, notification);
CREATE INDEX tieline_attempts_synced ON tieline.attempts (synced_id);
