-- A sub-flow has ended: its parent is free if it rests, and else whoever holds it hears of that.
UPDATE job_event SET woken = 1, parked = CASE WHEN parked = 2 THEN 0 ELSE parked END WHERE job_offset = :offset
