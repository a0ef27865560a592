-- A fork begins with the storage of the flow that it comes from.
UPDATE flow SET storage = :storage WHERE job_offset = :offset
