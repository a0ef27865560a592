-- Only a runtime that nobody took over may go on beating. When it last did is told by the clock of the database.
UPDATE runtime_beat SET beat = beat + 1, beat_at = CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)
WHERE runtime_id = :id
AND EXISTS (SELECT 1 FROM runtime WHERE id = :id AND epoch = :epoch AND state = 'live')
