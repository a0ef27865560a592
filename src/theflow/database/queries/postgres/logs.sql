-- Log records of a flow above an id; a parameter that may be absent needs a type.
SELECT id, name, attempt, logged_at, level, logger, message FROM flow_log
WHERE job_offset = :offset AND id > :after AND (name = :task OR CAST(:task AS text) IS NULL) ORDER BY id LIMIT :limit
