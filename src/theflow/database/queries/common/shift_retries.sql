-- What was left of the waits of a flow when it was paused is left now.
UPDATE flow_task SET retry_at = retry_at + :held
WHERE job_offset = :offset AND status = 'retrying' AND retry_at > :since
