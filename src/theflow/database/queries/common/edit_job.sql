-- As with its flow; it keeps its place.
UPDATE job_event SET priority = coalesce(:priority, priority), run_at = coalesce(:run_at, run_at)
WHERE job_offset = :offset
