-- The tasks of one flow that have started. In doubt is one without success of which an attempt ended that may have done it.
SELECT t.job_offset, t.name, t.status, t.attempt, t.failures, t.result, t.retry_at, t.started_at, t.ended_at, t.runtime,
    t.deadline_at, t.given,
    CASE WHEN t.status <> 'succeeded' AND EXISTS (
        SELECT 1 FROM task_attempt AS a
        WHERE a.job_offset = t.job_offset AND a.name = t.name
        AND a.status IN ('timed_out', 'cancelled', 'lost', 'interrupted')
        AND (a.status <> 'cancelled' OR a.started_at > 0)
    ) THEN 1 ELSE 0 END,
    t.let
FROM flow_task AS t WHERE t.job_offset = :offset
