-- What the doctor judges: version, durability, encoding, and whatever makes the server slow or full.
SELECT
    current_setting('server_version'), CAST(current_setting('server_version_num') AS integer),
    current_setting('synchronous_commit'), current_setting('fsync'), current_setting('server_encoding'),
    pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on',
    CAST(current_setting('max_connections') AS integer)
    - (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
    (
        SELECT CAST(coalesce(max(extract(EPOCH FROM clock_timestamp() - xact_start)), 0) AS integer)
        FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'
    )
