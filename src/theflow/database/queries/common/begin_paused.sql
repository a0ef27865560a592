-- A flow that was paused before it started is in hand for the first time.
UPDATE flow SET version = :version, started_at = :started_at WHERE job_offset = :offset AND started_at IS NULL
