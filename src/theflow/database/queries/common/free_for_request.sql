-- Leave a request with a job that nobody holds: whoever takes it next hears of it, also if it was parked.
UPDATE job_event SET asked = 1, parked = 0, claims = 0 WHERE job_offset = :offset
