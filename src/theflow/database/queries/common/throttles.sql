-- The queues of a class that start nothing for a while; one without a user is the whole class.
SELECT user_name, paused_until FROM throttle WHERE flow_class = :flow_class AND paused_until > :now
