-- What the class counts the units of flows from.
SELECT job_offset, input FROM flow WHERE job_offset IN (SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(:offsets AS json)))
