-- The record of an attempt that did not succeed; said twice, it stands once.
INSERT INTO task_attempt (job_offset, name, idx, attempt, status, error, runtime, started_at, ended_at)
VALUES (:offset, :name, 0, :attempt, :status, :error, :runtime, :started_at, :ended_at)
ON CONFLICT (job_offset, name, idx, attempt) DO NOTHING
