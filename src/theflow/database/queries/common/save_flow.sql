-- What a decision changed of a flow; the storage only where it changed.
UPDATE flow SET status = :status, storage = coalesce(:storage, storage), reason = :reason,
    ended_at = :ended_at, ending = :ending
WHERE job_offset = :offset
