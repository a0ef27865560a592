-- One statement makes a unique key or finds it, and holds it still: whoever else submits with it waits so long.
INSERT INTO job_key (flow_class, user_name, name, job_offset) VALUES (:flow_class, :user_name, :name, 0)
ON DUPLICATE KEY UPDATE job_offset = job_offset
