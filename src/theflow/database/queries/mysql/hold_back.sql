-- A flow has failed that its queue waits for; it may be paused already.
INSERT INTO queue_pause (flow_class, user_name, asked_by, reason, asked_at, flow)
VALUES (:flow_class, :user_name, :asked_by, :reason, :asked_at, :flow)
ON DUPLICATE KEY UPDATE flow = VALUES(flow)
