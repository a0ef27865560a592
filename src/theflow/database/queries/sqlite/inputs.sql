-- What the class counts the units of flows from.
SELECT job_offset, input FROM flow WHERE job_offset IN (SELECT value FROM json_each(:offsets))
