-- How far an attempt has come, as its body says; an older attempt of the task is not asked any more.
UPDATE flow_task SET progress = :progress
WHERE job_offset = :offset AND name = :name AND idx = 0 AND attempt = :attempt
