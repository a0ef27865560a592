-- Up to when a bucket is paid for.
INSERT INTO flow_bucket (kind, name, user_name, paid_until) VALUES (:kind, :name, :user_name, :paid_until)
ON DUPLICATE KEY UPDATE paid_until = VALUES(paid_until)
