-- A class says whether anything of it is paused, so that a look need not ask for it.
UPDATE flow_class SET paused = CASE
    WHEN EXISTS (SELECT 1 FROM queue_pause AS p WHERE p.flow_class = :name) THEN 1 ELSE 0
END
WHERE name = :name
