-- Nothing is owed to the flows any more: they leave the queue, unless somebody has
-- asked something of them meanwhile.
DELETE FROM job_event WHERE job_offset IN (SELECT value FROM json_each(:offsets)) AND verbs = 0
