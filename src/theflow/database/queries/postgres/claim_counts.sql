-- The counts after a claim of flows that were claimed before.
SELECT j.job_offset, j.claims
FROM json_array_elements_text(CAST(:offsets AS json)) AS o (value)
JOIN job_event AS j ON j.job_offset = CAST(o.value AS bigint)
