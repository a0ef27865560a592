-- A queue, or a class, may start again, whatever kept it.
DELETE FROM queue_pause WHERE flow_class = :flow_class AND user_name = :user_name
