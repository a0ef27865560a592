-- Who goes first in the same queue.
SELECT count(*), min(job_offset) FROM job_event
WHERE flow_class = :flow_class AND user_name = :user_name AND owner IS NULL AND parked = 0
AND (level < :level OR level = :level AND job_offset < :offset) AND (run_at IS NULL OR run_at <= :now)
