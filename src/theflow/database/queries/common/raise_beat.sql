-- Only a runtime that nobody took over may go on beating.
UPDATE runtime_beat SET beat = beat + 1
WHERE runtime_id = :id
AND EXISTS (SELECT 1 FROM runtime WHERE id = :id AND epoch = :epoch AND state = 'live')
