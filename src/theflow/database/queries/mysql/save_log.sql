-- Records that bodies of tasks logged, in their order.
INSERT INTO flow_log (job_offset, name, attempt, logged_at, level, logger, message)
SELECT job_offset, name, attempt, logged_at, level, logger, message
FROM JSON_TABLE(:batch, '$[*]' COLUMNS (
    place FOR ORDINALITY, job_offset BIGINT PATH '$[0]', name VARCHAR(256) PATH '$[1]',
    attempt BIGINT PATH '$[2]', logged_at BIGINT PATH '$[3]', level VARCHAR(256) PATH '$[4]',
    logger LONGTEXT PATH '$[5]', message LONGTEXT PATH '$[6]'
)) AS b
ORDER BY place
