-- As with its flow; it keeps its place.
UPDATE job_event SET version = :version, priority = :priority, run_at = :run_at WHERE job_offset = :offset
