-- What is in use is counted from live claims; a flow that waits for sub-flows uses nothing but its place in its queue.
SELECT flow_class, user_name, uses, count(*) FROM job_event WHERE owner IS NOT NULL AND parked = 0
GROUP BY flow_class, user_name, uses
