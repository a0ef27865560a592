-- The snapshot of a definition, so that a flow's graph shows where its code is not at hand.
INSERT INTO flow_scheme (flow_class, version, definition) VALUES (:flow_class, :version, :definition)
ON CONFLICT (flow_class, version) DO UPDATE SET definition = excluded.definition
WHERE flow_scheme.definition <> excluded.definition
