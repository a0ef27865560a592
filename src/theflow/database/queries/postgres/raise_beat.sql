-- Only a runtime that nobody took over may go on beating. When it last did is told by the clock of the database, and how
-- many of its threads are lost by itself.
UPDATE runtime_beat SET beat = beat + 1, lost_threads = :lost_threads,
    beat_at = CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)
WHERE runtime_id = :id AND beat >= 0
AND EXISTS (SELECT 1 FROM runtime WHERE id = :id AND epoch = :epoch AND state = 'live')
