-- The claim of a pending flow is its start.
UPDATE flow SET status = 'running', version = :version, started_at = :started_at
FROM json_array_elements_text(CAST(:offsets AS json)) AS o (value)
WHERE flow.job_offset = CAST(o.value AS bigint) AND flow.status = 'pending'
