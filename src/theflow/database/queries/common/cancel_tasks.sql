-- The tasks that ran when the process of their flow ended, or waited for a retry or a sub-flow, come to nothing.
UPDATE flow_task SET status = 'cancelled', retry_at = NULL, ended_at = :ended_at
WHERE job_offset = :offset AND status IN ('running', 'retrying', 'waiting')
