-- The counts after a claim of flows that were claimed before.
SELECT j.job_offset, j.claims FROM json_each(:offsets) AS o JOIN job_event AS j ON j.job_offset = o.value
