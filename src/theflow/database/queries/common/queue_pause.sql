-- Whether somebody has paused a queue, or a whole class.
SELECT asked_by FROM queue_pause WHERE flow_class = :flow_class AND user_name = :user_name AND flow = 0
