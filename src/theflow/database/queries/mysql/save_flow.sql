-- What a decision changed of a flow; the storage only where it changed.
UPDATE JSON_TABLE(:batch, '$[*]' COLUMNS (
    status VARCHAR(256) PATH '$[0]', storage LONGTEXT PATH '$[1]', reason LONGTEXT PATH '$[2]',
    ended_at BIGINT PATH '$[3]', ending VARCHAR(256) PATH '$[4]', job_offset BIGINT PATH '$[5]'
)) AS b STRAIGHT_JOIN flow AS f ON f.job_offset = b.job_offset
SET f.status = b.status, f.storage = coalesce(b.storage, f.storage), f.reason = b.reason, f.ended_at = b.ended_at,
    f.ending = b.ending
