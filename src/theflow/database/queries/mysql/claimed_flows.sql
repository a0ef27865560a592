-- What the engine needs to know of the flows that it takes.
SELECT f.job_offset, f.flow_id, f.created_at, f.flow_class, f.user_name, f.version, f.status,
    f.input, f.storage, f.reason, f.run_at, f.started_at, f.ended_at, f.description, f.labels, f.priority,
    f.idempotency_key, f.depth, f.expires_at
FROM JSON_TABLE(:offsets, '$[*]' COLUMNS (value BIGINT PATH '$')) AS o
STRAIGHT_JOIN flow AS f ON f.job_offset = o.value
