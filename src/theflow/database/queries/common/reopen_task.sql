-- A person's word lets a task have another outcome.
UPDATE flow_task SET status = 'pending', result = NULL, retry_at = NULL, ended_at = NULL, let = NULL
WHERE job_offset = :offset AND name = :name
