-- End a flow that nobody holds; an end that was written before stands.
UPDATE flow SET status = 'cancelled', reason = :reason, ended_at = :ended_at, ending = 'clean'
WHERE job_offset = :offset AND status NOT IN ('succeeded', 'failed', 'cancelled', 'reverted', 'revert_failed')
