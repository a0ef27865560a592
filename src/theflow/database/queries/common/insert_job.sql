-- The queue: one small row a job, gone when its flow has ended.
INSERT INTO job_event (job_offset, flow_class, user_name, version, priority, run_at, parked, claims, progress)
VALUES (:offset, :flow_class, :user_name, :version, :priority, :run_at, 0, 0, 0)
