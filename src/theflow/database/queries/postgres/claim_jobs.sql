-- Claims are counted when they are made; an outcome committed since the last one starts the count anew. The offsets are
-- one array: a server without statistics would go through the whole queue for each of them instead. The sum keeps it
-- from the index of the queue, which old statistics show as empty.
UPDATE job_event SET
    owner = :owner,
    version = :version,
    uses = :uses,
    woken = 0,
    (claims, progress) = (
        SELECT
            CASE WHEN job_event.claims = 0 OR job_event.progress < count(*) THEN 1 ELSE job_event.claims + 1 END,
            count(*)
        FROM flow_task AS t
        WHERE t.job_offset = job_event.job_offset AND t.status IN ('succeeded', 'failed', 'cancelled', 'skipped')
    )
WHERE job_offset = ANY(
    ARRAY(SELECT CAST(o.value AS bigint) FROM json_array_elements_text(CAST(:offsets AS json)) AS o (value))
) AND owner IS NULL AND parked + 0 = 0
