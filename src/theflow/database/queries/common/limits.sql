-- What people have limited, also what they took away again: the newest version is that of them all.
SELECT kind, name, user_name, capacity, units, period, burst, weight, version, set_by, reason, set_at FROM flow_limit
ORDER BY kind, name, user_name
