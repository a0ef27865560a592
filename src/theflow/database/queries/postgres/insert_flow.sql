-- The pending flow of a job, visible to queries at once.
INSERT INTO flow (
    job_offset, flow_id, flow_class, user_name, version, priority, run_at,
    input, description, labels, idempotency_key, created_at, status, reason
)
SELECT "offset", flow_id, flow_class, user_name, version, priority, run_at,
    input, description, labels, idempotency_key, created_at, 'pending', ''
FROM json_to_recordset(CAST(:batch AS json)) AS b (
    "offset" bigint, flow_id text, flow_class text, user_name text, version integer, priority integer, run_at bigint,
    input text, description text, labels text, idempotency_key text, created_at bigint
)
