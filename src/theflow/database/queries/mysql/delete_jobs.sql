-- Nothing is owed to these flows any more: they leave the queue, unless somebody has
-- asked something of them meanwhile.
DELETE j FROM JSON_TABLE(:offsets, '$[*]' COLUMNS (value BIGINT PATH '$')) AS o
STRAIGHT_JOIN job_event AS j ON j.job_offset = o.value AND j.verbs = 0
