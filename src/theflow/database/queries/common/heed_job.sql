-- Leave a request for whoever holds the flow, or takes it next: it stays with the job, and a flow that rests is let in.
UPDATE job_event SET verbs = verbs + 1, parked = 0 WHERE job_offset = :offset
