-- A person changes a flow before it begins; what is not given stays.
UPDATE flow SET input = coalesce(:input, input), description = coalesce(:description, description),
    priority = coalesce(:priority, priority), run_at = coalesce(:run_at, run_at)
WHERE job_offset = :offset
