-- A unique key belongs to another flow now.
UPDATE job_key SET job_offset = :offset WHERE flow_class = :flow_class AND user_name = :user_name AND name = :name
