-- Of two that let a queue wait, the longer one counts.
INSERT INTO throttle (flow_class, user_name, paused_until) VALUES (:flow_class, :user_name, :until)
ON CONFLICT (flow_class, user_name) DO UPDATE SET paused_until = excluded.paused_until
WHERE throttle.paused_until < excluded.paused_until
