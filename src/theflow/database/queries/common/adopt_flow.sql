-- A sub-flow knows how many flows stand above it: whoever ends it wakes its parent.
UPDATE flow SET depth = :depth WHERE job_offset = :offset
