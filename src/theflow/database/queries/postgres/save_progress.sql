-- How far attempts have come, as their bodies say; an older attempt of a task is not asked any more.
UPDATE flow_task SET progress = b.progress
FROM json_to_recordset(CAST(:batch AS json)) AS b (progress text, "offset" bigint, name text, attempt integer)
WHERE flow_task.job_offset = b."offset" AND flow_task.name = b.name AND flow_task.idx = 0
    AND flow_task.attempt = b.attempt
