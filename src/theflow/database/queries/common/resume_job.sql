-- A person has looked at the flow: its job is free again, and the claims that parked it count no more.
UPDATE job_event SET parked = 0, claims = 0 WHERE job_offset = :offset AND parked = 1
