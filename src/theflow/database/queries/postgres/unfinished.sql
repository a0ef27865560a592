-- How much of a class is still to be done now by these versions; what is due later or parked does not count.
SELECT count(*) FROM job_event
WHERE flow_class = :flow_class AND parked = 0 AND (owner IS NOT NULL OR run_at IS NULL OR run_at <= :now)
AND (version IS NULL OR version IN (SELECT CAST(value AS integer) FROM json_array_elements_text(CAST(:versions AS json))))
