-- Log records of a flow above an id.
SELECT id, name, attempt, logged_at, level, logger, message FROM flow_log
WHERE job_offset = :offset AND id > :after AND (name = :task OR :task IS NULL) ORDER BY id LIMIT :limit
