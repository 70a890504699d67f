-- Writes that are stored before they are sent. Numbers are never reused: AUTOINCREMENT. Times are microseconds since
-- 1970, in UTC.
CREATE TABLE tieline_outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    connection_id INTEGER NOT NULL,
    operation TEXT NOT NULL,
    entity TEXT NOT NULL,
    op TEXT NOT NULL,
    -- The record whose operations keep their order.
    record TEXT,
    stage TEXT NOT NULL,
    -- Whether something may still become of it.
    open INTEGER NOT NULL,
    due INTEGER,
    revision INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    ticket TEXT,
    key TEXT,
    note TEXT,
    -- How the last attempt is found again: the field, the search delay in microseconds, whether each create carries it.
    marker_field TEXT,
    search_delay INTEGER,
    marker_always INTEGER,
    -- Whether finding nothing proves that it did not happen.
    conclusive INTEGER,
    enqueued_at INTEGER NOT NULL,
    attempted_at INTEGER,
    changed_at INTEGER NOT NULL,
    UNIQUE (connection_id, operation)
) STRICT;
CREATE INDEX tieline_outbox_order ON tieline_outbox (connection_id, id);
CREATE INDEX tieline_outbox_stage ON tieline_outbox (connection_id, stage, id);
CREATE INDEX tieline_outbox_record ON tieline_outbox (connection_id, entity, record, id)
WHERE open = 1 AND record IS NOT NULL;
CREATE INDEX tieline_outbox_finished ON tieline_outbox (connection_id, changed_at) WHERE open = 0;
