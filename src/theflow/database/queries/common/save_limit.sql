-- One limit, in place of the one before.
INSERT INTO flow_limit (
    kind, name, user_name, capacity, units, period, burst, weight, version, set_by, reason, set_at
)
VALUES (
    :kind, :name, :user_name, :capacity, :units, :period, :burst, :weight, :version, :set_by, :reason, :set_at
)
ON CONFLICT (kind, name, user_name) DO UPDATE SET
    capacity = excluded.capacity, units = excluded.units, period = excluded.period, burst = excluded.burst,
    weight = excluded.weight, version = excluded.version, set_by = excluded.set_by, reason = excluded.reason,
    set_at = excluded.set_at
