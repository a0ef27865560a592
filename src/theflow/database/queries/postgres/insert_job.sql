-- The queue: one small row a job, gone when its flow has ended.
INSERT INTO job_event (job_offset, flow_class, user_name, version, priority, run_at, parked, claims, progress)
SELECT "offset", flow_class, user_name, version, priority, run_at, 0, 0, 0
FROM json_to_recordset(CAST(:batch AS json)) AS b (
    "offset" bigint, flow_class text, user_name text, version integer, priority integer, run_at bigint
)
