-- Flows that ended alike, with their storage as it was: one statement for all of them.
UPDATE flow SET status = :status, reason = :reason, ended_at = :ended_at
FROM json_array_elements_text(CAST(:offsets AS json)) AS o (value)
WHERE flow.job_offset = CAST(o.value AS bigint)
