-- The buckets that are not full, of a class and its queues and of what several classes share.
SELECT kind, name, user_name, paid_until FROM flow_bucket
WHERE paid_until > :paid AND (kind IN ('all', 'user', 'resource') OR name = :flow_class)
