-- A flow that rested goes on where it was; one that never started is still to start.
UPDATE flow SET status = CASE WHEN started_at IS NULL THEN 'pending' ELSE 'running' END, reason = '', paused_at = NULL
WHERE job_offset = :offset AND status IN ('parked', 'paused')
