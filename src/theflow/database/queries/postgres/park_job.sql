-- A parked flow keeps its place, but holds nobody back.
UPDATE job_event SET parked = 1, owner = NULL
FROM json_to_recordset(CAST(:batch AS json)) AS b ("offset" bigint)
WHERE job_event.job_offset = b."offset"
