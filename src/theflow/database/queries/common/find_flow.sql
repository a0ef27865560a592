-- One flow as people are shown it.
SELECT job_offset, flow_id, flow_class, version, user_name, status, description, labels, reason,
    created_at, run_at, started_at, ended_at, priority, idempotency_key, ending,
    unique_key, expires_at, input, coalesce(storage, input)
FROM flow WHERE flow_id = :flow_id
