-- As look_heads, of queues in which a larger priority goes first; where nothing orders them, only of the versions that
-- the runtime has code for. Those of priority 0 stand in the index of the queue, the others in one of their own.
WITH RECURSIVE known (version) AS (
    SELECT CAST(value AS integer) FROM json_array_elements_text(CAST(:versions AS json)) AS v (value)
),
users (user_name) AS (
    SELECT (SELECT j.user_name FROM job_event AS j WHERE j.flow_class = :flow_class AND j.owner IS NULL AND j.parked = 0
        ORDER BY j.user_name, j.level, j.job_offset LIMIT 1)
    UNION ALL
    SELECT (SELECT j.user_name FROM job_event AS j
        WHERE j.flow_class = :flow_class AND j.owner IS NULL AND j.parked = 0 AND j.user_name > users.user_name
        ORDER BY j.user_name, j.level, j.job_offset LIMIT 1)
    FROM users WHERE users.user_name IS NOT NULL
),
heads (user_name, job_offset) AS (
    SELECT u.user_name, (
        SELECT one.job_offset FROM (
            SELECT * FROM (SELECT h.job_offset, h.level, h.priority FROM job_event AS h
                WHERE h.flow_class = :flow_class AND h.user_name = u.user_name AND h.owner IS NULL AND h.parked = 0
                AND (h.run_at IS NULL OR h.run_at <= :now) AND h.priority <> 0
                AND (:any_version = 1 OR h.version IS NULL OR h.version IN (SELECT known.version FROM known))
                ORDER BY h.level, h.priority DESC, h.job_offset LIMIT 1
            ) AS raised UNION ALL
            SELECT * FROM (SELECT h.job_offset, h.level, h.priority FROM job_event AS h
                WHERE h.flow_class = :flow_class AND h.user_name = u.user_name AND h.owner IS NULL AND h.parked = 0
                AND (h.run_at IS NULL OR h.run_at <= :now) AND h.priority = 0
                AND (:any_version = 1 OR h.version IS NULL OR h.version IN (SELECT known.version FROM known))
                ORDER BY h.level, h.job_offset LIMIT 1
            ) AS plain
            ORDER BY level, priority DESC, job_offset LIMIT 1
        ) AS one
    )
    FROM users AS u
    WHERE u.user_name IS NOT NULL
    AND u.user_name NOT IN (SELECT p.user_name FROM queue_pause AS p WHERE p.flow_class = :flow_class AND p.flow = 0)
),
queues (user_name, first, priority, turn) AS (
    SELECT heads.user_name, f.job_offset, f.priority, CASE WHEN t.turn > :virtual THEN t.turn ELSE :virtual END AS turn
    FROM heads JOIN job_event AS f ON f.job_offset = heads.job_offset
    LEFT JOIN flow_turn AS t ON t.flow_class = :flow_class AND t.user_name = heads.user_name
    ORDER BY f.priority DESC, turn, f.job_offset LIMIT :limit
)
SELECT j.job_offset, j.flow_class, j.user_name, j.version, j.priority, j.run_at, j.claims, j.verbs, j.level,
    CASE WHEN j.uses IS NULL THEN 0 ELSE 1 END, queues.turn, queues.priority
FROM queues CROSS JOIN LATERAL (
    SELECT * FROM (SELECT h.job_offset, h.level, h.priority FROM job_event AS h
        WHERE h.flow_class = :flow_class AND h.user_name = queues.user_name AND h.owner IS NULL AND h.parked = 0
        AND (h.run_at IS NULL OR h.run_at <= :now) AND h.priority <> 0
        AND (:any_version = 1 OR h.version IS NULL OR h.version IN (SELECT known.version FROM known))
        ORDER BY h.level, h.priority DESC, h.job_offset LIMIT :per_queue
    ) AS raised UNION ALL
    SELECT * FROM (SELECT h.job_offset, h.level, h.priority FROM job_event AS h
        WHERE h.flow_class = :flow_class AND h.user_name = queues.user_name AND h.owner IS NULL AND h.parked = 0
        AND (h.run_at IS NULL OR h.run_at <= :now) AND h.priority = 0
        AND (:any_version = 1 OR h.version IS NULL OR h.version IN (SELECT known.version FROM known))
        ORDER BY h.level, h.job_offset LIMIT :per_queue
    ) AS plain
    ORDER BY level, priority DESC, job_offset LIMIT :per_queue
) AS few JOIN job_event AS j ON j.job_offset = few.job_offset
ORDER BY queues.priority DESC, queues.turn, queues.first, j.level, j.priority DESC, j.job_offset
