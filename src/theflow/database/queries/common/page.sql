-- The end of a page of flows.
ORDER BY job_offset DESC LIMIT :limit
