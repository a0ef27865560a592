-- The first due flows of every user that has some: a loose index scan, one seek a user, then one range of its queue.
WITH RECURSIVE waiting (user_name) AS (
    SELECT (
        SELECT min(user_name) FROM job_event WHERE flow_class = :flow_class AND owner IS NULL AND parked = 0
    )
    UNION ALL
    SELECT (
        SELECT min(j.user_name) FROM job_event AS j
        WHERE j.flow_class = :flow_class AND j.owner IS NULL AND j.parked = 0 AND j.user_name > waiting.user_name
    )
    FROM waiting WHERE waiting.user_name IS NOT NULL
)
SELECT j.job_offset, j.flow_class, j.user_name, j.version, j.priority, j.run_at, j.claims, j.verbs, j.level
FROM waiting CROSS JOIN LATERAL (
    SELECT * FROM job_event AS h
    WHERE h.flow_class = :flow_class AND h.user_name = waiting.user_name AND h.owner IS NULL AND h.parked = 0
    AND (h.run_at IS NULL OR h.run_at <= :now)
    ORDER BY h.level, h.job_offset LIMIT :concurrency
) AS j
ORDER BY
    first_value(j.priority) OVER (PARTITION BY j.user_name ORDER BY j.level, j.job_offset) DESC,
    first_value(j.job_offset) OVER (PARTITION BY j.user_name ORDER BY j.level, j.job_offset),
    j.level, j.job_offset
LIMIT :limit
