-- Of ids with a prefix.
AND flow_id >= :first AND flow_id < :beyond
