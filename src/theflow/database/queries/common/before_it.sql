-- What the edit of a flow depends on that has not begun.
SELECT flow_id, started_at, storage IS NOT NULL, expires_at FROM flow WHERE job_offset = :offset
