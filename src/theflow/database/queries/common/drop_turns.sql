-- Turns that mean nothing any more.
DELETE FROM flow_turn WHERE flow_class = :flow_class
