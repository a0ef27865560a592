-- Give back flows, but only one's own; that was no crash, so their claims count one less.
UPDATE job_event SET owner = NULL, claims = CASE WHEN claims > 0 THEN claims - 1 ELSE 0 END
FROM json_to_recordset(CAST(:batch AS json)) AS b ("offset" bigint, owner bigint)
WHERE job_event.job_offset = b."offset" AND job_event.owner = b.owner
