-- A parked flow keeps its place, but holds nobody back.
UPDATE job_event SET parked = 1, owner = NULL WHERE job_offset = :offset
