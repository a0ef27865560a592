-- An outcome is written once: a task that has one never changes.
INSERT INTO flow_task (
    job_offset, name, idx, status, attempt, failures, result, retry_at, started_at, ended_at, runtime,
    deadline_at, let
)
SELECT "offset", name, 0, status, attempt, failures, result, retry_at, started_at, ended_at, runtime,
    deadline_at, let
FROM json_to_recordset(CAST(:batch AS json)) AS b (
    "offset" bigint, name text, status text, attempt integer, failures integer, result text, retry_at bigint,
    started_at bigint, ended_at bigint, runtime bigint, deadline_at bigint, let text
)
ON CONFLICT (job_offset, name, idx) DO UPDATE SET
    status = excluded.status, attempt = excluded.attempt, failures = excluded.failures, result = excluded.result,
    retry_at = excluded.retry_at, started_at = excluded.started_at, ended_at = excluded.ended_at,
    runtime = excluded.runtime, deadline_at = excluded.deadline_at, let = excluded.let
WHERE flow_task.status NOT IN ('succeeded', 'failed', 'cancelled', 'skipped')
