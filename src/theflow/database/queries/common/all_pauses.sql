-- What is paused.
SELECT flow_class, user_name, asked_by, reason, asked_at, flow FROM queue_pause ORDER BY flow_class, user_name, flow
