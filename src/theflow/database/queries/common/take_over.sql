-- Fence an incarnation that was seen silent for a whole TTL; one that changed since that look is left alone.
UPDATE runtime SET epoch = epoch + 1, state = 'lost', held_name = NULL
WHERE id = :id AND epoch = :epoch AND state = 'live'
