-- Until when a flow has to start: found by that time, and gone when it has passed.
INSERT INTO job_expiry (job_offset, expires_at) VALUES (:offset, :expires_at)
