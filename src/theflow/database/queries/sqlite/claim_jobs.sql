-- Claims are counted when they are made; an outcome committed since the last one starts the count anew.
UPDATE job_event SET
    owner = :owner,
    version = :version,
    uses = :uses,
    woken = 0,
    claims = CASE
        WHEN claims = 0 THEN 1
        WHEN progress < (
            SELECT count(*) FROM flow_task AS t
            WHERE t.job_offset = job_event.job_offset AND t.status IN ('succeeded', 'failed', 'cancelled', 'skipped')
        ) THEN 1
        ELSE claims + 1
    END,
    progress = (
        SELECT count(*) FROM flow_task AS t
        WHERE t.job_offset = job_event.job_offset AND t.status IN ('succeeded', 'failed', 'cancelled', 'skipped')
    )
WHERE job_offset IN (SELECT value FROM json_each(:offsets)) AND owner IS NULL AND parked = 0
