-- The first due flows of a class without order among them, of the versions that the runtime has code for. The
-- index is named for what look_heads says.
SELECT job_offset, flow_class, user_name, version, priority, run_at, claims, verbs, level FROM job_event FORCE INDEX (job_open)
WHERE flow_class = :flow_class AND owner IS NULL AND parked = 0
AND (run_at IS NULL OR run_at <= :now)
AND (
    version IS NULL
    OR version IN (SELECT value FROM JSON_TABLE(:versions, '$[*]' COLUMNS (value BIGINT PATH '$')) AS v)
)
ORDER BY priority DESC, job_offset LIMIT :limit
