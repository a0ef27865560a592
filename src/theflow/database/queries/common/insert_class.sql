-- A class gets its row when it is first seen.
INSERT INTO flow_class (name, revision, paused, turn) VALUES (:name, 0, 0, 0) ON CONFLICT (name) DO NOTHING
