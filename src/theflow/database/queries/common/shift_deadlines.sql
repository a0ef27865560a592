-- What was left of the time of the tasks of a flow when it was paused is left now.
UPDATE flow_task SET deadline_at = deadline_at + :held
WHERE job_offset = :offset AND status IN ('pending', 'running', 'retrying') AND deadline_at > :since
