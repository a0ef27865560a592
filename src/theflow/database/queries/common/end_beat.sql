-- Whoever takes a runtime over ends its beat first, if that is still the one that was seen: a beat and a take-over that come
-- at the same moment both change this row, so that only one of them happens.
UPDATE runtime_beat SET beat = -1 WHERE runtime_id = :id AND beat = :beat
