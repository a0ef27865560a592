-- The pending flow of a job, visible to queries at once.
INSERT INTO flow (
    job_offset, flow_id, flow_class, user_name, version, priority, run_at,
    input, description, labels, idempotency_key, created_at, status, reason
)
SELECT job_offset, flow_id, flow_class, user_name, version, priority, run_at,
    input, description, labels, idempotency_key, created_at, 'pending', ''
FROM JSON_TABLE(:batch, '$[*]' COLUMNS (
    job_offset BIGINT PATH '$[0]', flow_id VARCHAR(256) PATH '$[1]',
    flow_class VARCHAR(256) PATH '$[2]', user_name VARCHAR(256) PATH '$[3]',
    version BIGINT PATH '$[4]', priority BIGINT PATH '$[5]', run_at BIGINT PATH '$[6]',
    input LONGTEXT PATH '$[7]', description LONGTEXT PATH '$[8]', labels LONGTEXT PATH '$[9]',
    idempotency_key VARCHAR(256) PATH '$[10]', created_at BIGINT PATH '$[11]'
)) AS b
