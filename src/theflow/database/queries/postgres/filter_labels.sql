-- With all of these labels.
AND CAST(labels AS jsonb) @> CAST(:labels AS jsonb)
