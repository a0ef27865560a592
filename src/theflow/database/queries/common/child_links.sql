-- The sub-flows of a flow, as people are shown them, in the order in which they began.
SELECT f.flow_id, f.job_offset, f.flow_class, f.user_name, f.status, f.reason, s.name, s.attempt
FROM subflow AS s JOIN flow AS f ON f.job_offset = s.job_offset WHERE s.parent_offset = :offset ORDER BY s.job_offset
