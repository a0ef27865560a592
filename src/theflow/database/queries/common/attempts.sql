-- The attempts that did not succeed.
SELECT a.name, a.attempt, a.status, a.started_at, a.ended_at, coalesce(r.name, ''), a.error
FROM task_attempt AS a LEFT JOIN runtime AS r ON r.id = a.runtime
WHERE a.job_offset = :offset ORDER BY a.name, a.attempt
