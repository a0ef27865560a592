-- One record that a task's body logged.
INSERT INTO flow_log (job_offset, name, attempt, logged_at, level, logger, message)
VALUES (:offset, :name, :attempt, :at, :level, :logger, :message)
