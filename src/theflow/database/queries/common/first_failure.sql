-- Why a flow failed: the last error of the task that was the first to fail for good. What undoes a task does not count.
SELECT a.error FROM task_attempt AS a
JOIN flow_task AS t ON t.job_offset = a.job_offset AND t.name = a.name AND t.attempt = a.attempt
WHERE a.job_offset = :offset AND t.status = 'failed' AND t.idx >= 0 AND a.error IS NOT NULL
ORDER BY t.ended_at, a.ended_at LIMIT 1
