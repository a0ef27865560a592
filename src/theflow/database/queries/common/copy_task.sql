-- A fork has the outcome of a finished task of the flow that it comes from.
INSERT INTO flow_task (
    job_offset, name, idx, status, attempt, failures, result, retry_at, started_at, ended_at, runtime
)
SELECT :to, t.name, t.idx, t.status, t.attempt, t.failures, t.result, NULL, t.started_at, t.ended_at, t.runtime
FROM flow_task AS t WHERE t.job_offset = :offset AND t.name = :name AND t.status IN ('succeeded', 'skipped')
