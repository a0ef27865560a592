-- As look_open, past the queues that are paused: a long one must not be gone through at each look.
SELECT job_offset, flow_class, user_name, version, priority, run_at, claims, verbs, level FROM job_event FORCE INDEX (job_open)
WHERE flow_class = :flow_class AND owner IS NULL AND parked = 0
AND user_name NOT IN (SELECT p.user_name FROM queue_pause AS p WHERE p.flow_class = :flow_class)
AND (run_at IS NULL OR run_at <= :now)
AND (
    version IS NULL
    OR version IN (SELECT value FROM JSON_TABLE(:versions, '$[*]' COLUMNS (value BIGINT PATH '$')) AS v)
)
ORDER BY priority DESC, job_offset LIMIT :limit
