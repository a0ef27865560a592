-- A task with more to it is written as any other; what was given to it at its start stays, unless said anew.
INSERT INTO flow_task (
    job_offset, name, idx, status, attempt, failures, result, retry_at, started_at, ended_at, runtime,
    given
)
SELECT b.job_offset, b.name, b.part, b.status, b.attempt, b.failures, b.result, b.retry_at, b.started_at, b.ended_at,
    b.runtime, b.given
FROM JSON_TABLE(:batch, '$[*]' COLUMNS (
    job_offset BIGINT PATH '$[0]', name VARCHAR(256) PATH '$[1]', part BIGINT PATH '$[2]',
    status VARCHAR(256) PATH '$[3]', attempt BIGINT PATH '$[4]', failures BIGINT PATH '$[5]',
    result LONGTEXT PATH '$[6]', retry_at BIGINT PATH '$[7]', started_at BIGINT PATH '$[8]',
    ended_at BIGINT PATH '$[9]', runtime BIGINT PATH '$[10]', given LONGTEXT PATH '$[11]'
)) AS b
ON DUPLICATE KEY UPDATE
    attempt = IF(flow_task.status IN ('succeeded', 'failed', 'cancelled', 'skipped'), flow_task.attempt, VALUES(attempt)),
    failures = IF(flow_task.status IN ('succeeded', 'failed', 'cancelled', 'skipped'), flow_task.failures, VALUES(failures)),
    result = IF(flow_task.status IN ('succeeded', 'failed', 'cancelled', 'skipped'), flow_task.result, VALUES(result)),
    retry_at = IF(flow_task.status IN ('succeeded', 'failed', 'cancelled', 'skipped'), flow_task.retry_at, VALUES(retry_at)),
    started_at = IF(flow_task.status IN ('succeeded', 'failed', 'cancelled', 'skipped'), flow_task.started_at, VALUES(started_at)),
    ended_at = IF(flow_task.status IN ('succeeded', 'failed', 'cancelled', 'skipped'), flow_task.ended_at, VALUES(ended_at)),
    runtime = IF(flow_task.status IN ('succeeded', 'failed', 'cancelled', 'skipped'), flow_task.runtime, VALUES(runtime)),
    given = IF(flow_task.status IN ('succeeded', 'failed', 'cancelled', 'skipped'), flow_task.given,
        coalesce(VALUES(given), flow_task.given)),
    status = IF(flow_task.status IN ('succeeded', 'failed', 'cancelled', 'skipped'), flow_task.status, VALUES(status))
