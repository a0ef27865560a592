-- The flow that waits for a sub-flow.
SELECT parent_offset FROM subflow WHERE job_offset = :offset
