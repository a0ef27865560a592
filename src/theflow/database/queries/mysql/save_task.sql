-- An outcome is written once: a task that has one never changes. The status changes last, as the others ask for it.
INSERT INTO flow_task (
    job_offset, name, idx, status, attempt, failures, result, retry_at, started_at, ended_at, runtime,
    deadline_at, let
)
SELECT b.job_offset, b.name, 0, b.status, b.attempt, b.failures, b.result, b.retry_at, b.started_at, b.ended_at,
    b.runtime, b.deadline_at, b.let
FROM JSON_TABLE(:batch, '$[*]' COLUMNS (
    job_offset BIGINT PATH '$[0]', name VARCHAR(256) PATH '$[1]', status VARCHAR(256) PATH '$[2]',
    attempt BIGINT PATH '$[3]', failures BIGINT PATH '$[4]', result LONGTEXT PATH '$[5]',
    retry_at BIGINT PATH '$[6]', started_at BIGINT PATH '$[7]', ended_at BIGINT PATH '$[8]',
    runtime BIGINT PATH '$[9]', deadline_at BIGINT PATH '$[10]', let LONGTEXT PATH '$[11]'
)) AS b
ON DUPLICATE KEY UPDATE
    attempt = IF(flow_task.status IN ('succeeded', 'failed', 'cancelled', 'skipped'), flow_task.attempt, VALUES(attempt)),
    failures = IF(flow_task.status IN ('succeeded', 'failed', 'cancelled', 'skipped'), flow_task.failures, VALUES(failures)),
    result = IF(flow_task.status IN ('succeeded', 'failed', 'cancelled', 'skipped'), flow_task.result, VALUES(result)),
    retry_at = IF(flow_task.status IN ('succeeded', 'failed', 'cancelled', 'skipped'), flow_task.retry_at, VALUES(retry_at)),
    started_at = IF(flow_task.status IN ('succeeded', 'failed', 'cancelled', 'skipped'), flow_task.started_at, VALUES(started_at)),
    ended_at = IF(flow_task.status IN ('succeeded', 'failed', 'cancelled', 'skipped'), flow_task.ended_at, VALUES(ended_at)),
    runtime = IF(flow_task.status IN ('succeeded', 'failed', 'cancelled', 'skipped'), flow_task.runtime, VALUES(runtime)),
    deadline_at = IF(
        flow_task.status IN ('succeeded', 'failed', 'cancelled', 'skipped'), flow_task.deadline_at, VALUES(deadline_at)
    ),
    let = IF(flow_task.status IN ('succeeded', 'failed', 'cancelled', 'skipped'), flow_task.let, VALUES(let)),
    status = IF(flow_task.status IN ('succeeded', 'failed', 'cancelled', 'skipped'), flow_task.status, VALUES(status))
