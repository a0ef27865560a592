-- Nobody hears any more what was asked of a flow before.
UPDATE flow_request SET handled_at = :at, answer = :answer WHERE job_offset = :offset AND handled_at IS NULL
