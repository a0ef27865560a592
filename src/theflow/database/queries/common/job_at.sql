-- The job at an offset, as it was submitted.
SELECT job_offset, flow_id, created_at, flow_class, user_name, version, status,
    input, storage, reason, run_at, started_at, ended_at, description, labels, priority, idempotency_key
FROM flow WHERE job_offset = :offset
