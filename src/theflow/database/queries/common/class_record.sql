-- The number that guards an admission.
SELECT name, revision, paused FROM flow_class WHERE name = :name
