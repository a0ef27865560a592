-- The flows whose time to start has passed, the oldest first.
SELECT e.job_offset, f.flow_class FROM job_expiry AS e JOIN flow AS f ON f.job_offset = e.job_offset
WHERE e.expires_at <= :now ORDER BY e.expires_at, e.job_offset LIMIT :limit
