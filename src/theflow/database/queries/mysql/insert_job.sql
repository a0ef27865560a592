-- The queue: one small row a job, gone when its flow has ended. A text may be longer here than its column takes: it is
-- cut where it is read, and refused where it is written.
INSERT INTO job_event (job_offset, flow_class, user_name, version, priority, run_at, parked, claims, progress)
SELECT job_offset, flow_class, user_name, version, priority, run_at, 0, 0, 0
FROM JSON_TABLE(:batch, '$[*]' COLUMNS (
    job_offset BIGINT PATH '$[0]', flow_class VARCHAR(256) PATH '$[1]', user_name VARCHAR(256) PATH '$[2]',
    version BIGINT PATH '$[3]', priority BIGINT PATH '$[4]', run_at BIGINT PATH '$[5]'
)) AS b
