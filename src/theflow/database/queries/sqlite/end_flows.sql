-- Flows that ended alike, with their storage as it was: one statement for all of them.
UPDATE flow SET status = :status, reason = :reason, ended_at = :ended_at, ending = NULL
WHERE job_offset IN (SELECT value FROM json_each(:offsets))
