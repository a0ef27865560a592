-- Nothing is owed to these flows any more: they leave the queue, unless somebody has
-- asked something of them meanwhile. One array: see claim_jobs.
DELETE FROM job_event WHERE job_offset = ANY(
    ARRAY(SELECT CAST(o.value AS bigint) FROM json_array_elements_text(CAST(:offsets AS json)) AS o (value))
) AND verbs = 0
