-- What somebody has asked of the flows of a runtime, and is still to be done.
SELECT j.job_offset, q.id, q.verb, q.asked_by, q.reason, q.asked_at, q.payload, q.handled_at, q.answer
FROM job_event AS j JOIN flow_request AS q ON q.job_offset = j.job_offset AND q.handled_at IS NULL
WHERE j.owner = :owner AND (j.asked = 1 OR j.verbs > 0)
ORDER BY j.job_offset, q.id
