-- What the doctor judges: version, durability, limits.
SELECT @@version, @@innodb_flush_log_at_trx_commit, @@log_bin, @@sync_binlog, @@max_allowed_packet, @@read_only,
    @@max_connections
