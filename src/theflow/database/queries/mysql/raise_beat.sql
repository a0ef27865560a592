-- Only a runtime that nobody took over may go on beating. When it last did is told by the clock of the database.
UPDATE runtime_beat SET beat = beat + 1, beat_at = CAST(unix_timestamp(now(6)) * 1000000 AS SIGNED)
WHERE runtime_id = :id
AND EXISTS (SELECT 1 FROM runtime WHERE id = :id AND epoch = :epoch AND state = 'live')
