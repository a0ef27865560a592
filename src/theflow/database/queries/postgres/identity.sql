-- Which database this is: two connections that see the same answer write to the same tables.
SELECT current_database() || ' on port ' || current_setting('port'), d.oid, pg_postmaster_start_time()
FROM pg_database AS d WHERE d.datname = current_database()
