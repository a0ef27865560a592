-- As look_heads, of queues in which a larger priority goes first; where nothing orders them, only of the versions that
-- the runtime has code for.
-- The index is forced: by one of `run_at` the optimizer of MariaDB 10.11 finds no row in a subquery that has some.
WITH RECURSIVE known (version) AS (
    SELECT value FROM JSON_TABLE(:versions, '$[*]' COLUMNS (value BIGINT PATH '$')) AS v
),
users (user_name) AS (
    SELECT user_name FROM job_event WHERE flow_class = :flow_class AND owner IS NULL AND parked = 0 GROUP BY user_name
),
heads (user_name, job_offset) AS (
    SELECT u.user_name, (
        SELECT h.job_offset FROM job_event AS h FORCE INDEX (job_ranked)
        WHERE h.flow_class = :flow_class AND h.owner IS NULL AND h.parked = 0 AND h.user_name = u.user_name
        AND (h.run_at IS NULL OR h.run_at <= :now)
        AND (:any_version = 1 OR h.version IS NULL OR h.version IN (SELECT version FROM known))
        ORDER BY h.level, h.priority DESC, h.job_offset LIMIT 1
    )
    FROM users AS u
    WHERE u.user_name IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM queue_pause AS p
        WHERE p.flow_class = :flow_class AND p.user_name = u.user_name AND p.flow = 0
    )
),
queues (user_name, first, priority, turn) AS (
    SELECT heads.user_name, f.job_offset, f.priority, CASE WHEN t.turn > :virtual THEN t.turn ELSE :virtual END AS turn
    FROM heads JOIN job_event AS f ON f.job_offset = heads.job_offset
    LEFT JOIN flow_turn AS t ON t.flow_class = :flow_class AND t.user_name = heads.user_name
    ORDER BY f.priority DESC, turn, f.job_offset LIMIT :limit
),
line (user_name, turn, priority, first, job_offset, place) AS (
    SELECT user_name, turn, priority, first, first, 1 FROM queues
    UNION ALL
    SELECT line.user_name, line.turn, line.priority, line.first, coalesce((
        SELECT h.job_offset FROM job_event AS h FORCE INDEX (job_ranked)
        WHERE h.flow_class = :flow_class AND h.owner IS NULL AND h.parked = 0 AND h.user_name = c.user_name
        AND (h.run_at IS NULL OR h.run_at <= :now)
        AND (:any_version = 1 OR h.version IS NULL OR h.version IN (SELECT version FROM known))
        AND h.level = c.level AND h.priority = c.priority AND h.job_offset > c.job_offset
        ORDER BY h.job_offset LIMIT 1
    ), (
        SELECT h.job_offset FROM job_event AS h FORCE INDEX (job_ranked)
        WHERE h.flow_class = :flow_class AND h.owner IS NULL AND h.parked = 0 AND h.user_name = c.user_name
        AND (h.run_at IS NULL OR h.run_at <= :now)
        AND (:any_version = 1 OR h.version IS NULL OR h.version IN (SELECT version FROM known))
        AND h.level = c.level AND h.priority < c.priority
        ORDER BY h.priority DESC, h.job_offset LIMIT 1
    ), (
        SELECT h.job_offset FROM job_event AS h FORCE INDEX (job_ranked)
        WHERE h.flow_class = :flow_class AND h.owner IS NULL AND h.parked = 0 AND h.user_name = c.user_name
        AND (h.run_at IS NULL OR h.run_at <= :now)
        AND (:any_version = 1 OR h.version IS NULL OR h.version IN (SELECT version FROM known))
        AND h.level > c.level
        ORDER BY h.level, h.priority DESC, h.job_offset LIMIT 1
    )), line.place + 1
    FROM line JOIN job_event AS c ON c.job_offset = line.job_offset WHERE line.place < :per_queue
)
SELECT j.job_offset, j.flow_class, j.user_name, j.version, j.priority, j.run_at, j.claims, j.verbs, j.level,
    CASE WHEN j.uses IS NULL THEN 0 ELSE 1 END, line.turn, line.priority
FROM line JOIN job_event AS j ON j.job_offset = line.job_offset
ORDER BY line.priority DESC, line.turn, line.first, j.level, j.priority DESC, j.job_offset
