-- As with its flow.
UPDATE job_event SET run_at = :now WHERE job_offset = :offset AND run_at > :now
