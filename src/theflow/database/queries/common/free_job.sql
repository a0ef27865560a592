-- Give back one flow, but only one's own; that was no crash, so its claims count one less.
UPDATE job_event SET owner = NULL, claims = CASE WHEN claims > 0 THEN claims - 1 ELSE 0 END
WHERE job_offset = :offset AND owner = :owner
