-- A flow that has not begun does another job with the same unique key.
UPDATE flow SET version = :version, priority = :priority, run_at = :run_at, input = :input,
    description = :description, labels = :labels
WHERE job_offset = :offset
