-- Give back every flow at a clean stop: that was no crash, so the claims count one less.
UPDATE job_event SET owner = NULL, claims = CASE WHEN claims > 0 THEN claims - 1 ELSE 0 END WHERE owner = :owner
