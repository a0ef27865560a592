-- Flows that ended alike, with their storage as it was: one statement for all of them.
UPDATE JSON_TABLE(:offsets, '$[*]' COLUMNS (value BIGINT PATH '$')) AS o
STRAIGHT_JOIN flow AS f ON f.job_offset = o.value
SET f.status = :status, f.reason = :reason, f.ended_at = :ended_at, f.ending = NULL
