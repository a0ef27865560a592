-- Of flows that wait or run: they are in the queue, which is small.
AND status = :status AND job_offset IN (SELECT job_offset FROM job_event)
