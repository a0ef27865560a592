-- Leave a request to end the flow: it stays with the job until the job is gone, whoever holds that meanwhile.
UPDATE job_event SET asked = 1 WHERE job_offset = :offset
