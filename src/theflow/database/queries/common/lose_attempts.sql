-- The attempts that were under way when the process of their flow ended are on record as lost.
INSERT INTO task_attempt (job_offset, name, idx, attempt, status, error, runtime, started_at, ended_at)
SELECT job_offset, name, idx, attempt, 'lost', :error, runtime, started_at, NULL FROM flow_task
WHERE job_offset = :offset AND status = 'running'
ON CONFLICT (job_offset, name, idx, attempt) DO NOTHING
