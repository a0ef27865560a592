-- The sub-flows of a flow that have not ended.
SELECT s.job_offset, s.name FROM subflow AS s JOIN flow AS f ON f.job_offset = s.job_offset
WHERE s.parent_offset = :offset AND f.status NOT IN ('succeeded', 'failed', 'cancelled', 'reverted', 'revert_failed')
ORDER BY s.job_offset
