-- The first due flows of every user that has some: a loose index scan, one seek a user, then one range of its queue.
-- Queues go by the priority of their first flow, then by the turn of their user; the limit counts queues. A minimum
-- would do in place of each first row, but without statistics PostgreSQL goes through all rows for it.
WITH RECURSIVE users (user_name, job_offset, priority, run_at) AS (
    SELECT n.user_name, n.job_offset, n.priority, n.run_at FROM job_event AS n WHERE n.job_offset = (
        SELECT j.job_offset FROM job_event AS j
        WHERE j.flow_class = :flow_class AND j.owner IS NULL AND j.parked = 0
        ORDER BY j.user_name, j.level, j.job_offset LIMIT 1
    )
    UNION ALL
    SELECT n.user_name, n.job_offset, n.priority, n.run_at FROM users JOIN job_event AS n ON n.job_offset = (
        SELECT j.job_offset FROM job_event AS j
        WHERE j.flow_class = :flow_class AND j.owner IS NULL AND j.parked = 0 AND j.user_name > users.user_name
        ORDER BY j.user_name, j.level, j.job_offset LIMIT 1
    )
),
heads (user_name, first, priority) AS (
    SELECT u.user_name, u.job_offset, u.priority FROM users AS u WHERE (u.run_at IS NULL OR u.run_at <= :now)
    UNION ALL
    SELECT u.user_name, f.job_offset, f.priority FROM users AS u JOIN job_event AS f ON f.job_offset = (
        SELECT h.job_offset FROM job_event AS h
        WHERE h.flow_class = :flow_class AND h.owner IS NULL AND h.parked = 0 AND h.user_name = u.user_name
        AND (h.run_at IS NULL OR h.run_at <= :now)
        ORDER BY h.level, h.job_offset LIMIT 1
    )
    WHERE NOT ((u.run_at IS NULL OR u.run_at <= :now))
),
queues (user_name, first, priority, turn) AS (
    SELECT heads.user_name, heads.first, heads.priority, CASE WHEN t.turn > :virtual THEN t.turn ELSE :virtual END AS turn
    FROM heads LEFT JOIN flow_turn AS t ON t.flow_class = :flow_class AND t.user_name = heads.user_name
    WHERE NOT EXISTS (
        SELECT 1 FROM queue_pause AS p
        WHERE p.flow_class = :flow_class AND p.user_name = heads.user_name AND p.flow = 0
    )
    ORDER BY heads.priority DESC, turn, heads.first LIMIT :limit
)
SELECT j.job_offset, j.flow_class, j.user_name, j.version, j.priority, j.run_at, j.claims, j.verbs, j.level,
    CASE WHEN j.uses IS NULL THEN 0 ELSE 1 END, queues.turn, queues.priority
FROM queues JOIN job_event AS j ON j.job_offset IN (
    SELECT h.job_offset FROM job_event AS h
    WHERE h.flow_class = :flow_class AND h.owner IS NULL AND h.parked = 0 AND h.user_name = queues.user_name
    AND (h.run_at IS NULL OR h.run_at <= :now)
    ORDER BY h.level, h.job_offset LIMIT :per_queue
)
ORDER BY queues.priority DESC, queues.turn, queues.first, j.level, j.job_offset
