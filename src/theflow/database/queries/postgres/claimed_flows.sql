-- What the engine needs to know of the flows that it takes. One array of offsets: see claim_jobs.
SELECT job_offset, flow_id, created_at, flow_class, user_name, version, status,
    input, storage, reason, run_at, started_at, ended_at, description, labels, priority, idempotency_key, depth,
    expires_at
FROM flow WHERE job_offset = ANY(
    ARRAY(SELECT CAST(o.value AS bigint) FROM json_array_elements_text(CAST(:offsets AS json)) AS o (value))
)
