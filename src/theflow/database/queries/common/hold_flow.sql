-- A flow that is cancelled while sub-flows of it go on.
UPDATE flow SET status = 'cancelling', reason = :reason WHERE job_offset = :offset
