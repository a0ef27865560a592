-- The tasks of a flow and what undoes them, without the parts of a task, with the newest error of each.
SELECT t.job_offset, t.name, t.status, t.attempt, t.failures, t.result, t.retry_at, t.started_at, t.ended_at, t.runtime,
    t.deadline_at, coalesce(r.name, ''),
    (
        SELECT a.error FROM task_attempt AS a
        WHERE a.job_offset = t.job_offset AND a.name = t.name
        ORDER BY a.attempt DESC LIMIT 1
    ),
    t.progress, t.idx, t.given
FROM flow_task AS t LEFT JOIN runtime AS r ON r.id = t.runtime
WHERE t.job_offset = :offset AND t.idx IN (0, -1)
