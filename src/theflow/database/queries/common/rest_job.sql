-- Let go of a flow of which nothing but sub-flows is under way: it keeps its place in its queue, and is free once one of
-- them wakes it. One that was woken meanwhile, or asked for something and has not heard of it, is free at once. No crash.
UPDATE job_event SET owner = NULL, parked = CASE WHEN woken = 1 OR asked > :heard OR verbs > 0 THEN 0 ELSE 2 END,
    claims = CASE WHEN claims > 0 THEN claims - 1 ELSE 0 END
WHERE job_offset = :offset
