-- The pending flow of a job, visible to queries at once.
INSERT INTO flow (
    job_offset, flow_id, flow_class, user_name, version, priority, run_at,
    input, description, labels, idempotency_key, created_at, status, reason
)
VALUES (
    :offset, :flow_id, :flow_class, :user_name, :version, :priority, :run_at,
    :input, :description, :labels, :idempotency_key, :created_at, 'pending', ''
)
