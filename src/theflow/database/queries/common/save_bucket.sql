-- Up to when a bucket is paid for.
INSERT INTO flow_bucket (kind, name, user_name, paid_until) VALUES (:kind, :name, :user_name, :paid_until)
ON CONFLICT (kind, name, user_name) DO UPDATE SET paid_until = excluded.paid_until
