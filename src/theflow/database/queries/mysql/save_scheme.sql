-- The snapshot of a definition, so that a flow's graph shows where its code is not at hand.
INSERT INTO flow_scheme (flow_class, version, definition) VALUES (:flow_class, :version, :definition)
ON DUPLICATE KEY UPDATE definition = VALUES(definition)
