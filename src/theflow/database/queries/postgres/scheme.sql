-- One snapshot, or the newest where no version is asked for; a parameter that may be absent needs a type.
SELECT flow_class, version, definition FROM flow_scheme
WHERE flow_class = :flow_class AND (version = :version OR CAST(:version AS integer) IS NULL)
ORDER BY version DESC LIMIT 1
