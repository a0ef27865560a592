-- Flows that ended alike, with their storage as it was: one statement for all of them. One array: see claim_jobs.
UPDATE flow SET status = :status, reason = :reason, ended_at = :ended_at, ending = NULL
WHERE job_offset = ANY(
    ARRAY(SELECT CAST(o.value AS bigint) FROM json_array_elements_text(CAST(:offsets AS json)) AS o (value))
)
