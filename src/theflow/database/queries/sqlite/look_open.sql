-- The first due flows of a class without order among them, of the versions that the runtime has code for.
SELECT job_offset, flow_class, user_name, version, priority, run_at, claims, verbs, level FROM job_event
WHERE flow_class = :flow_class AND owner IS NULL AND parked = 0
AND (run_at IS NULL OR run_at <= :now)
AND (version IS NULL OR version IN (SELECT value FROM json_each(:versions)))
ORDER BY priority DESC, job_offset LIMIT :limit
