-- Somebody else admitted since the look: zero rows, look again.
UPDATE flow_class SET revision = revision + 1, turn = :turn WHERE name = :name AND revision = :revision
