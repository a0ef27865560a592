-- Claims are counted when they are made; an outcome committed since the last one starts the count anew.
UPDATE (
    SELECT o.value AS job_offset, (
        SELECT count(*) FROM flow_task AS t
        WHERE t.job_offset = o.value AND t.status IN ('succeeded', 'failed', 'cancelled', 'skipped')
    ) AS progress
    FROM JSON_TABLE(:offsets, '$[*]' COLUMNS (value BIGINT PATH '$')) AS o
) AS b STRAIGHT_JOIN job_event AS j ON j.job_offset = b.job_offset
SET
    j.owner = :owner,
    j.version = :version,
    j.uses = :uses,
    j.woken = 0,
    j.claims = CASE WHEN j.claims = 0 OR j.progress < b.progress THEN 1 ELSE j.claims + 1 END,
    j.progress = b.progress
WHERE j.owner IS NULL AND j.parked = 0
