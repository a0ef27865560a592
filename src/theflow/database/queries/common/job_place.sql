-- Where a flow stands: its job, and who holds it.
SELECT j.parked, j.claims, r.name, j.flow_class, j.user_name
FROM job_event AS j LEFT JOIN runtime AS r ON r.id = j.owner
WHERE j.job_offset = :offset
