-- The flows whose time to start has passed, the oldest first.
SELECT job_offset FROM job_expiry WHERE expires_at <= :now ORDER BY expires_at, job_offset LIMIT :limit
