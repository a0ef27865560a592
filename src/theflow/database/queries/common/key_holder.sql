-- The flow that a unique key belongs to, and how it stands; what has left the queue has no job.
SELECT f.job_offset, f.flow_id, f.status, f.started_at, j.owner, j.asked, j.verbs, f.created_at
FROM job_key AS k JOIN flow AS f ON f.job_offset = k.job_offset
LEFT JOIN job_event AS j ON j.job_offset = k.job_offset
WHERE k.flow_class = :flow_class AND k.user_name = :user_name AND k.name = :name
