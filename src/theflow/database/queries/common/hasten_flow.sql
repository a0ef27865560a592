-- A delayed flow is due.
UPDATE flow SET run_at = :now WHERE job_offset = :offset AND run_at > :now
