-- What few jobs have, and the rows of all others do not pay for.
UPDATE flow SET unique_key = :unique_key, expires_at = :expires_at WHERE job_offset = :offset
