-- Usage is counted from live claims, never kept in a counter. A flow that waits for sub-flows keeps its place.
SELECT user_name, job_offset, parked, level FROM job_event
WHERE flow_class = :flow_class AND owner IS NOT NULL AND parked = 0
UNION ALL
SELECT user_name, job_offset, parked, level FROM job_event
WHERE flow_class = :flow_class AND owner IS NULL AND parked = 2
ORDER BY job_offset
