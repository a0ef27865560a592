-- How much of a class is still to be done now by these versions; what is due later or parked does not count.
SELECT count(*) FROM job_event
WHERE flow_class = :flow_class AND parked = 0 AND (owner IS NOT NULL OR run_at IS NULL OR run_at <= :now)
AND (
    version IS NULL
    OR version IN (SELECT value FROM JSON_TABLE(:versions, '$[*]' COLUMNS (value BIGINT PATH '$')) AS v)
)
