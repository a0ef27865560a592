-- Who runs in the same queue, or keeps a place there while it waits for sub-flows; not from flows that are deeper.
SELECT job_offset FROM job_event
WHERE flow_class = :flow_class AND user_name = :user_name
AND (owner IS NOT NULL AND parked = 0 OR owner IS NULL AND parked = 2 AND level <= :level)
ORDER BY job_offset
