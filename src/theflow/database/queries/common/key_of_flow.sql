-- The class and the user of a flow, and its unique key if it has one.
SELECT flow_class, user_name, unique_key FROM flow WHERE job_offset = :offset
