-- A flow that is cancelled while sub-flows of it go on waits for their ends.
UPDATE job_event SET asked = 1, woken = 0, parked = 2 WHERE job_offset = :offset
