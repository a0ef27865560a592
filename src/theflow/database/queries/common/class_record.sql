-- The numbers that guard an admission, whether to ask which queues are paused or throttled, and which limits are newest.
SELECT c.name, c.revision, c.paused, (SELECT max(t.paused_until) FROM throttle AS t WHERE t.flow_class = c.name),
    c.turn, (SELECT s.revision FROM flow_class AS s WHERE s.name = ''), (SELECT max(l.version) FROM flow_limit AS l)
FROM flow_class AS c WHERE c.name = :name
