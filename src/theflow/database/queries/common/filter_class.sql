-- Of one class.
AND flow_class = :flow_class
