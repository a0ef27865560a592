-- The first due flows of every user that has some: one pass over the users in the index, then one seek a head.
-- The index is forced: by one of `run_at` the optimizer of MariaDB 10.11 finds no row in a subquery that has some.
WITH RECURSIVE waiting (user_name) AS (
    SELECT user_name FROM job_event WHERE flow_class = :flow_class AND owner IS NULL AND parked = 0 GROUP BY user_name
),
heads (user_name, job_offset, place) AS (
    SELECT waiting.user_name, (
        SELECT j.job_offset FROM job_event AS j FORCE INDEX (job_queue)
        WHERE j.flow_class = :flow_class AND j.owner IS NULL AND j.parked = 0 AND j.user_name = waiting.user_name
        AND (j.run_at IS NULL OR j.run_at <= :now) ORDER BY j.level, j.job_offset LIMIT 1
    ), 1
    FROM waiting
    UNION ALL
    SELECT heads.user_name, coalesce((
        SELECT j.job_offset FROM job_event AS j FORCE INDEX (job_queue)
        WHERE j.flow_class = :flow_class AND j.owner IS NULL AND j.parked = 0 AND j.user_name = heads.user_name
        AND (j.run_at IS NULL OR j.run_at <= :now) AND j.job_offset > heads.job_offset
        AND j.level = (SELECT h.level FROM job_event AS h WHERE h.job_offset = heads.job_offset)
        ORDER BY j.job_offset LIMIT 1
    ), (
        SELECT j.job_offset FROM job_event AS j FORCE INDEX (job_queue)
        WHERE j.flow_class = :flow_class AND j.owner IS NULL AND j.parked = 0 AND j.user_name = heads.user_name
        AND (j.run_at IS NULL OR j.run_at <= :now)
        AND j.level > (SELECT h.level FROM job_event AS h WHERE h.job_offset = heads.job_offset)
        ORDER BY j.level, j.job_offset LIMIT 1
    )), heads.place + 1
    FROM heads WHERE heads.job_offset IS NOT NULL AND heads.place < :concurrency
)
SELECT j.job_offset, j.flow_class, j.user_name, j.version, j.priority, j.run_at, j.claims, j.verbs, j.level
FROM heads JOIN job_event AS j ON j.job_offset = heads.job_offset
ORDER BY
    first_value(j.priority) OVER (PARTITION BY j.user_name ORDER BY j.level, j.job_offset) DESC,
    first_value(j.job_offset) OVER (PARTITION BY j.user_name ORDER BY j.level, j.job_offset),
    j.level, j.job_offset
LIMIT :limit
