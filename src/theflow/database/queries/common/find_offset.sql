-- The id of the flow at an offset.
SELECT flow_id FROM flow WHERE job_offset = :offset
