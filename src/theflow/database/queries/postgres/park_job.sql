-- A flow that rests keeps its place, but holds nobody back. One of which something was asked is free for whoever does it.
UPDATE job_event SET parked = CASE WHEN asked = 0 AND verbs = 0 THEN 1 ELSE 0 END, owner = NULL
FROM json_to_recordset(CAST(:batch AS json)) AS b ("offset" bigint)
WHERE job_event.job_offset = b."offset"
