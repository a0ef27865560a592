-- The record of an attempt that did not succeed; said twice, it stands once.
INSERT INTO task_attempt (job_offset, name, idx, attempt, status, error, runtime, started_at, ended_at)
SELECT b.job_offset, b.name, 0, b.attempt, b.status, b.error, b.runtime, b.started_at, b.ended_at
FROM JSON_TABLE(:batch, '$[*]' COLUMNS (
    job_offset BIGINT PATH '$[0]', name VARCHAR(256) PATH '$[1]', attempt BIGINT PATH '$[2]',
    status VARCHAR(256) PATH '$[3]', error LONGTEXT PATH '$[4]', runtime BIGINT PATH '$[5]',
    started_at BIGINT PATH '$[6]', ended_at BIGINT PATH '$[7]'
)) AS b
ON DUPLICATE KEY UPDATE idx = task_attempt.idx
