-- The claim of a pending flow is its start; one that waited for sub-flows goes on.
UPDATE flow SET status = 'running', version = :version, started_at = coalesce(started_at, :started_at)
WHERE job_offset IN (SELECT value FROM json_each(:offsets)) AND status IN ('pending', 'waiting')
