-- A flow that has ended comes into the queue again, at its old place, as somebody has asked something of it.
INSERT INTO job_event (
    job_offset, flow_class, user_name, version, priority, run_at, parked, claims, progress, verbs, reopened
)
SELECT job_offset, flow_class, user_name, version, priority, NULL, 0, 0, 0, 1, 1 FROM flow WHERE job_offset = :offset
