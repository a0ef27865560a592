-- Somebody lets nothing of a queue start; an empty user stands for the whole class.
INSERT INTO queue_pause (flow_class, user_name, asked_by, reason, asked_at, flow)
VALUES (:flow_class, :user_name, :asked_by, :reason, :asked_at, :flow)
