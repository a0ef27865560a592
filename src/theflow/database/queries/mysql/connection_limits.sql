-- Limits that hold whoever else is connected: of the server, and of the account or all accounts (0 is none).
SELECT 'max_connections' AS kind, '' AS name, @@global.max_connections AS allowed
UNION ALL
SELECT 'account', current_user(), @@session.max_user_connections FROM dual WHERE @@session.max_user_connections > 0
