-- One limit, in place of the one before.
INSERT INTO flow_limit (
    kind, name, user_name, capacity, units, period, burst, weight, version, set_by, reason, set_at
)
VALUES (
    :kind, :name, :user_name, :capacity, :units, :period, :burst, :weight, :version, :set_by, :reason, :set_at
)
ON DUPLICATE KEY UPDATE
    capacity = VALUES(capacity), units = VALUES(units), period = VALUES(period), burst = VALUES(burst),
    weight = VALUES(weight), version = VALUES(version), set_by = VALUES(set_by), reason = VALUES(reason),
    set_at = VALUES(set_at)
