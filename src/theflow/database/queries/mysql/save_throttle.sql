-- Of two that let a queue wait, the longer one counts.
INSERT INTO throttle (flow_class, user_name, paused_until) VALUES (:flow_class, :user_name, :until)
ON DUPLICATE KEY UPDATE paused_until = greatest(paused_until, VALUES(paused_until))
