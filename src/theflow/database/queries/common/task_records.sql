-- The tasks of a flow, with the newest error of each.
SELECT t.job_offset, t.name, t.status, t.attempt, t.failures, t.result, t.retry_at, t.started_at, t.ended_at, t.runtime,
    coalesce(r.name, ''),
    (
        SELECT a.error FROM task_attempt AS a
        WHERE a.job_offset = t.job_offset AND a.name = t.name AND a.idx = t.idx
        ORDER BY a.attempt DESC LIMIT 1
    )
FROM flow_task AS t LEFT JOIN runtime AS r ON r.id = t.runtime
WHERE t.job_offset = :offset
