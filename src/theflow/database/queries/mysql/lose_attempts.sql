-- The attempts that were under way when the process of their flow ended are on record as lost.
INSERT INTO task_attempt (job_offset, name, idx, attempt, status, error, runtime, started_at, ended_at)
SELECT t.job_offset, t.name, t.idx, t.attempt, 'lost', :error, t.runtime, t.started_at, NULL FROM flow_task AS t
WHERE t.job_offset = :offset AND t.status = 'running'
ON DUPLICATE KEY UPDATE idx = task_attempt.idx
