-- The tasks of one flow that have started.
SELECT job_offset, name, status, attempt, failures, result, retry_at, started_at, ended_at, runtime
FROM flow_task WHERE job_offset = :offset
