-- The sub-flow of an attempt, if it was created before.
SELECT job_offset FROM subflow WHERE parent_offset = :parent_offset AND name = :name AND attempt = :attempt
