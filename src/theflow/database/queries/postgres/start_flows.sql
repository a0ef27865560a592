-- The claim of a pending flow is its start; one that waited for sub-flows goes on. One array of offsets: see claim_jobs.
UPDATE flow SET status = 'running', version = :version, started_at = coalesce(started_at, :started_at)
WHERE job_offset = ANY(
    ARRAY(SELECT CAST(o.value AS bigint) FROM json_array_elements_text(CAST(:offsets AS json)) AS o (value))
) AND status IN ('pending', 'waiting')
