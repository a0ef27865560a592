-- Who runs in the same queue.
SELECT job_offset FROM job_event
WHERE flow_class = :flow_class AND user_name = :user_name AND owner IS NOT NULL AND parked = 0
ORDER BY job_offset
