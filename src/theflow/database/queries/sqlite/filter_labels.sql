-- With all of these labels: none of the wanted ones may be missing.
AND NOT EXISTS (
    SELECT 1 FROM json_each(:labels) AS w
    WHERE NOT EXISTS (SELECT 1 FROM json_each(flow.labels) AS h WHERE h.key = w.key AND h.value = w.value)
)
