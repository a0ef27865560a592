-- The sub-flows that tasks of a flow wait for; of those that have ended, what they left.
SELECT s.name, s.attempt, f.flow_id, f.status,
    CASE WHEN f.status IN ('succeeded', 'failed', 'cancelled', 'reverted', 'revert_failed') THEN coalesce(f.storage, f.input) ELSE 'null' END,
    f.reason
FROM subflow AS s
JOIN flow AS f ON f.job_offset = s.job_offset
JOIN flow_task AS t ON t.job_offset = s.parent_offset AND t.name = s.name AND t.idx >= 0
WHERE s.parent_offset = :offset AND t.status = 'waiting' AND t.attempt = s.attempt
ORDER BY s.job_offset
