-- One snapshot, or the newest where no version is asked for.
SELECT flow_class, version, definition FROM flow_scheme
WHERE flow_class = :flow_class AND (version = :version OR :version IS NULL)
ORDER BY version DESC LIMIT 1
