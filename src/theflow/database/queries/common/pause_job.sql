-- The job of a paused flow holds nobody back.
UPDATE job_event SET parked = 1 WHERE job_offset = :offset
