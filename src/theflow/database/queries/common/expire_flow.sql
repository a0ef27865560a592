-- A flow that has not started in time never does.
UPDATE flow SET status = 'cancelled', reason = :reason, ended_at = :ended_at, ending = 'expired'
WHERE job_offset = :offset AND status IN ('pending', 'paused') AND started_at IS NULL
