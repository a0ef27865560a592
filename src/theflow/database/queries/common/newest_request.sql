-- The number that the database has given to what was asked last of a flow.
SELECT max(id) FROM flow_request WHERE job_offset = :offset
