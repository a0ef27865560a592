-- The number that guards an admission, and whether to ask which queues are throttled.
SELECT c.name, c.revision, c.paused, (SELECT max(t.paused_until) FROM throttle AS t WHERE t.flow_class = c.name)
FROM flow_class AS c WHERE c.name = :name
