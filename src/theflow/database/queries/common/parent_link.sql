-- The flow above a sub-flow, as people are shown it, with the task that the sub-flow is.
SELECT f.flow_id, f.job_offset, f.flow_class, f.user_name, f.status, f.reason, s.name, s.attempt
FROM subflow AS s JOIN flow AS f ON f.job_offset = s.parent_offset WHERE s.job_offset = :offset
