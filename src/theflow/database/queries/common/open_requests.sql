-- What was asked of a flow and is still to be done.
SELECT id, verb, asked_by, reason, asked_at, payload, handled_at, answer FROM flow_request
WHERE job_offset = :offset AND handled_at IS NULL ORDER BY id
