-- The time of a flow to start has passed, or is another now.
DELETE FROM job_expiry WHERE job_offset = :offset
