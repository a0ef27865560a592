-- One request less waits with the job of a flow.
UPDATE job_event SET verbs = verbs - 1, reopened = 0 WHERE job_offset = :offset AND verbs > 0
