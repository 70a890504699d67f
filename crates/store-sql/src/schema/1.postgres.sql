-- Rows as JSON values, for people and for reports. It shows what the reader's own role may see.
CREATE VIEW tieline.rows_json WITH (security_invoker = true) AS
SELECT r.tenant, s.connection, t.name AS target, r.key, CAST(r.fields AS jsonb) AS fields
FROM tieline.rows r
JOIN tieline.targets t ON t.id = r.target_id
JOIN tieline.synced s ON s.id = t.synced_id AND NOT s.erased
WHERE r.fields IS NOT NULL;

-- Payloads are compressed by lz4 where the server has it.
DO $$ BEGIN
    ALTER TABLE tieline.payloads ALTER COLUMN payload SET COMPRESSION lz4;
    ALTER TABLE tieline.rows ALTER COLUMN fields SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported OR invalid_parameter_value THEN NULL;
END $$;

-- Entries of months that no partition was made for.
CREATE TABLE tieline.audit_default PARTITION OF tieline.audit DEFAULT;
CREATE TABLE tieline.events_default PARTITION OF tieline.events DEFAULT;
ALTER TABLE tieline.events_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE tieline.events_default FORCE ROW LEVEL SECURITY;
ALTER TABLE tieline.audit_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE tieline.audit_default FORCE ROW LEVEL SECURITY;
