-- Claims are counted when they are made; an outcome committed since the last one starts the count anew. The sum keeps
-- the server from the index of the queue, which old statistics show as empty: each job is found by its key.
WITH b AS MATERIALIZED (
    SELECT CAST(o.value AS bigint) AS job_offset, (
        SELECT count(*) FROM flow_task AS t
        WHERE t.job_offset = CAST(o.value AS bigint) AND t.status IN ('succeeded', 'failed')
    ) AS progress
    FROM json_array_elements_text(CAST(:offsets AS json)) AS o (value)
)
UPDATE job_event SET
    owner = :owner,
    version = :version,
    claims = CASE WHEN job_event.claims = 0 OR job_event.progress < b.progress THEN 1 ELSE job_event.claims + 1 END,
    progress = b.progress
FROM b
WHERE job_event.job_offset = b.job_offset AND job_event.owner IS NULL AND job_event.parked + 0 = 0
