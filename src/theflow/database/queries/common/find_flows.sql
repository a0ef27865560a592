-- A page of flows, newest first; the filters of the caller are added to the WHERE.
SELECT job_offset, flow_id, flow_class, version, user_name, status, description, labels, reason,
    created_at, run_at, started_at, ended_at, priority, idempotency_key, ending, unique_key, expires_at
FROM flow WHERE job_offset < :before
