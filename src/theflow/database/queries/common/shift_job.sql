-- As with its flow.
UPDATE job_event SET run_at = run_at + :held WHERE job_offset = :offset AND run_at > :since
