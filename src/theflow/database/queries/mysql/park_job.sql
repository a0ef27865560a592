-- A parked flow keeps its place, but holds nobody back.
UPDATE JSON_TABLE(:batch, '$[*]' COLUMNS (job_offset BIGINT PATH '$[0]')) AS b
STRAIGHT_JOIN job_event AS j ON j.job_offset = b.job_offset
SET j.parked = 1, j.owner = NULL
