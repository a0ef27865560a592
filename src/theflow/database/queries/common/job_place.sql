-- Where a flow stands: its job, who holds it, and until when its queue and its class were throttled.
SELECT j.parked, j.claims, r.name, j.flow_class, j.user_name, j.asked, j.verbs, q.paused_until, c.paused_until, j.level,
    CASE WHEN j.uses IS NULL THEN 0 ELSE 1 END
FROM job_event AS j LEFT JOIN runtime AS r ON r.id = j.owner
LEFT JOIN throttle AS q ON q.flow_class = j.flow_class AND q.user_name = j.user_name
LEFT JOIN throttle AS c ON c.flow_class = j.flow_class AND c.user_name = ''
WHERE j.job_offset = :offset
