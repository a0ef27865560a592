-- The counts after a claim of flows that were claimed before, and what somebody asked of them meanwhile.
SELECT j.job_offset, j.claims, j.asked, j.verbs, j.reopened FROM json_each(:offsets) AS o JOIN job_event AS j ON j.job_offset = o.value
