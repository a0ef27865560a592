-- Give back flows, but only one's own; that was no crash, so their claims count one less.
UPDATE JSON_TABLE(:batch, '$[*]' COLUMNS (job_offset BIGINT PATH '$[0]', owner BIGINT PATH '$[1]')) AS b
STRAIGHT_JOIN job_event AS j ON j.job_offset = b.job_offset AND j.owner = b.owner
SET j.owner = NULL, j.claims = CASE WHEN j.claims > 0 THEN j.claims - 1 ELSE 0 END
