-- A clean stop: the name is free and nobody has to wait for a TTL.
UPDATE runtime SET state = 'released', held_name = NULL
WHERE id = :id AND epoch = :epoch AND state = 'live'
