-- A task with more to it is written as any other; what was given to it at its start stays, unless said anew.
INSERT INTO flow_task (
    job_offset, name, idx, status, attempt, failures, result, retry_at, started_at, ended_at, runtime,
    given
)
SELECT "offset", name, part, status, attempt, failures, result, retry_at, started_at, ended_at, runtime, given
FROM json_to_recordset(CAST(:batch AS json)) AS b (
    "offset" bigint, name text, part integer, status text, attempt integer, failures integer, result text,
    retry_at bigint, started_at bigint, ended_at bigint, runtime bigint, given text
)
ON CONFLICT (job_offset, name, idx) DO UPDATE SET
    status = excluded.status, attempt = excluded.attempt, failures = excluded.failures, result = excluded.result,
    retry_at = excluded.retry_at, started_at = excluded.started_at, ended_at = excluded.ended_at,
    runtime = excluded.runtime, given = coalesce(excluded.given, flow_task.given)
WHERE flow_task.status NOT IN ('succeeded', 'failed', 'cancelled', 'skipped')
