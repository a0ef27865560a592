-- A flow that has not started is paused where it stands.
UPDATE flow SET status = 'paused', reason = :reason, paused_at = :at WHERE job_offset = :offset AND status = 'pending'
