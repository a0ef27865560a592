-- How far attempts have come, as their bodies say; an older attempt of a task is not asked any more.
UPDATE JSON_TABLE(:batch, '$[*]' COLUMNS (
    progress LONGTEXT PATH '$[0]', job_offset BIGINT PATH '$[1]', name VARCHAR(256) PATH '$[2]',
    attempt BIGINT PATH '$[3]'
)) AS b STRAIGHT_JOIN flow_task AS t
    ON t.job_offset = b.job_offset AND t.name = b.name AND t.idx = 0 AND t.attempt = b.attempt
SET t.progress = b.progress
