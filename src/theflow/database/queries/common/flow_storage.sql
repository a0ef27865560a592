-- The storage of a flow, empty as long as it is the input.
SELECT storage FROM flow WHERE job_offset = :offset
