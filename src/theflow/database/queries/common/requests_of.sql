-- What was asked of a flow.
SELECT id, verb, asked_by, reason, asked_at, payload, handled_at, answer FROM flow_request
WHERE job_offset = :offset ORDER BY id
