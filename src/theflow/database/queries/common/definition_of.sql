-- How the class of a flow is defined, as whoever took the flow last knew it.
SELECT s.definition FROM flow AS f JOIN flow_scheme AS s ON s.flow_class = f.flow_class AND s.version = f.version
WHERE f.job_offset = :offset
