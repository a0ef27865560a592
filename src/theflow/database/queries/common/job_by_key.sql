-- The job that an idempotency key already belongs to.
SELECT job_offset, flow_id, created_at, flow_class, user_name, version, status,
    input, storage, reason, run_at, started_at, ended_at, description, labels, priority, idempotency_key
FROM flow
WHERE user_name = :user_name AND flow_class = :flow_class AND idempotency_key = :idempotency_key
