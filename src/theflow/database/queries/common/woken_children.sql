-- The sub-flows that have ended, and that flows in the hands of a runtime still wait for.
SELECT s.parent_offset, s.name, s.attempt, f.flow_id, f.status, coalesce(f.storage, f.input), f.reason
FROM job_event AS j
JOIN subflow AS s ON s.parent_offset = j.job_offset
JOIN flow AS f ON f.job_offset = s.job_offset
JOIN flow_task AS t ON t.job_offset = s.parent_offset AND t.name = s.name AND t.idx >= 0
WHERE j.owner = :owner AND j.woken = 1 AND t.status = 'waiting' AND t.attempt = s.attempt
AND f.status IN ('succeeded', 'failed', 'cancelled', 'reverted', 'revert_failed')
ORDER BY s.job_offset
