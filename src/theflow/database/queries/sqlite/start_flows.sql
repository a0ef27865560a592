-- The claim of a pending flow is its start.
UPDATE flow SET status = 'running', version = :version, started_at = :started_at
WHERE job_offset IN (SELECT value FROM json_each(:offsets)) AND status = 'pending'
