-- The record of an attempt that did not succeed; said twice, it stands once.
INSERT INTO task_attempt (job_offset, name, idx, attempt, status, error, runtime, started_at, ended_at)
SELECT "offset", name, 0, attempt, status, error, runtime, started_at, ended_at
FROM json_to_recordset(CAST(:batch AS json)) AS b (
    "offset" bigint, name text, attempt integer, status text, error text, runtime bigint, started_at bigint,
    ended_at bigint
)
ON CONFLICT (job_offset, name, idx, attempt) DO NOTHING
