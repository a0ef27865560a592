-- What a decision changed of a flow; the storage only where it changed.
UPDATE flow SET status = b.status, storage = coalesce(b.storage, flow.storage), reason = b.reason,
    ended_at = b.ended_at, ending = b.ending
FROM json_to_recordset(CAST(:batch AS json)) AS b (
    status text, storage text, reason text, ended_at bigint, ending text, "offset" bigint
)
WHERE flow.job_offset = b."offset"
