-- The claim of a pending flow is its start; one that waited for sub-flows goes on.
UPDATE JSON_TABLE(:offsets, '$[*]' COLUMNS (value BIGINT PATH '$')) AS o
STRAIGHT_JOIN flow AS f ON f.job_offset = o.value
SET f.status = 'running', f.version = :version, f.started_at = coalesce(f.started_at, :started_at)
WHERE f.status IN ('pending', 'waiting')
