-- Limits that hold whoever else is connected: of the server, the role and the database. A superuser passes by most.
SELECT 'max_connections' AS kind, '' AS name, CAST(current_setting('max_connections') AS integer)
    - CASE WHEN rolsuper THEN 0
        ELSE CAST(current_setting('superuser_reserved_connections') AS integer)
            + CAST(coalesce(current_setting('reserved_connections', true), '0') AS integer) END AS allowed
FROM pg_roles WHERE rolname = current_user
UNION ALL
SELECT 'role', quote_ident(rolname), rolconnlimit
FROM pg_roles WHERE rolname = current_user AND rolconnlimit >= 0 AND NOT rolsuper
UNION ALL
SELECT 'database', quote_ident(datname), datconnlimit
FROM pg_database CROSS JOIN pg_roles
WHERE datname = current_database() AND datconnlimit >= 0 AND rolname = current_user AND NOT rolsuper
