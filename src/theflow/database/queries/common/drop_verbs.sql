-- Nothing waits with the job of a flow that is ended now.
UPDATE job_event SET verbs = 0 WHERE job_offset = :offset
