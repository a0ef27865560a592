-- Records that bodies of tasks logged, in their order.
INSERT INTO flow_log (job_offset, name, attempt, logged_at, level, logger, message)
SELECT "offset", name, attempt, at, level, logger, message
FROM json_to_recordset(CAST(:batch AS json)) AS b (
    "offset" bigint, name text, attempt integer, at bigint, level text, logger text, message text
)
