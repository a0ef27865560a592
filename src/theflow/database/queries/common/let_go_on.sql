-- The flow that its queue waited for has succeeded after all.
DELETE FROM queue_pause WHERE flow_class = :flow_class AND user_name = :user_name AND flow = :flow
