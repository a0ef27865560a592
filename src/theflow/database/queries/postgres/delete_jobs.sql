-- Nothing is owed to these flows any more: they leave the queue.
DELETE FROM job_event USING json_array_elements_text(CAST(:offsets AS json)) AS o (value)
WHERE job_event.job_offset = CAST(o.value AS bigint)
