-- What is paused of a class.
SELECT flow_class, user_name, asked_by, reason, asked_at, flow FROM queue_pause
WHERE flow_class = :name ORDER BY user_name, flow
