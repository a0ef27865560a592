-- Usage is counted from live claims, never kept in a counter.
SELECT user_name, job_offset FROM job_event
WHERE flow_class = :flow_class AND owner IS NOT NULL AND parked = 0
ORDER BY job_offset
