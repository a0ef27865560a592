-- A flow that rests keeps its place, but holds nobody back. One of which something was asked is free for whoever does it.
UPDATE JSON_TABLE(:batch, '$[*]' COLUMNS (job_offset BIGINT PATH '$[0]')) AS b
STRAIGHT_JOIN job_event AS j ON j.job_offset = b.job_offset
SET j.parked = CASE WHEN j.asked = 0 AND j.verbs = 0 THEN 1 ELSE 0 END, j.owner = NULL
