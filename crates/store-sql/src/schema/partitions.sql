-- Each table is copied into a partitioned one of its name. Its owner may not see the rows while row-level security is
-- forced, so it is off for the old table, which goes at the end.
DO $do$
DECLARE
    shown text := pg_get_viewdef('tieline.rows_json'::regclass);
    name text;
    column_name text;
    options text;
    definition text;
    definitions text[];
BEGIN
    DROP VIEW tieline.rows_json;
    FOREACH name IN ARRAY ARRAY['records', 'payloads', 'rows'] LOOP
        CONTINUE WHEN (SELECT c.relkind = 'p' FROM pg_class c WHERE c.oid = format('tieline.%I', name)::regclass);
        column_name := CASE name WHEN 'rows' THEN 'target_id' ELSE 'entity_id' END;
        SELECT array_agg(
                CASE WHEN i.indisprimary THEN format('ALTER TABLE tieline.%I ADD %s', name, pg_get_constraintdef(k.oid))
                    ELSE pg_get_indexdef(i.indexrelid)
                END
            ) INTO definitions
        FROM pg_index i LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype = 'p'
        WHERE i.indrelid = format('tieline.%I', name)::regclass;
        SELECT 'WITH (' || array_to_string(c.reloptions, ', ') || ')' INTO options
        FROM pg_class c WHERE c.oid = format('tieline.%I', name)::regclass;
        EXECUTE format('ALTER TABLE tieline.%I RENAME TO %I', name, name || '_whole');
        EXECUTE format('ALTER TABLE tieline.%I DISABLE ROW LEVEL SECURITY', name || '_whole');
        EXECUTE format(
            'CREATE TABLE tieline.%I (LIKE tieline.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE
                 INCLUDING COMPRESSION) PARTITION BY HASH (%I)',
            name, name || '_whole', column_name
        );
        FOR remainder IN 0..{partitions} - 1 LOOP
            EXECUTE format(
                'CREATE TABLE tieline.%I PARTITION OF tieline.%I FOR VALUES WITH (MODULUS {partitions}, REMAINDER %s) %s',
                name || '_' || remainder, name, remainder, coalesce(options, '')
            );
            -- Without a policy, nobody passes the table that it is a part of.
            EXECUTE format('ALTER TABLE tieline.%I ENABLE ROW LEVEL SECURITY', name || '_' || remainder);
            EXECUTE format('ALTER TABLE tieline.%I FORCE ROW LEVEL SECURITY', name || '_' || remainder);
        END LOOP;
        EXECUTE format('INSERT INTO tieline.%I TABLE tieline.%I', name, name || '_whole');
        EXECUTE format('DROP TABLE tieline.%I', name || '_whole');
        FOREACH definition IN ARRAY definitions LOOP
            EXECUTE definition;
        END LOOP;
    END LOOP;
    EXECUTE 'CREATE VIEW tieline.rows_json WITH (security_invoker = true) AS ' || shown;
END $do$;
