-- With all of these labels.
AND JSON_CONTAINS(labels, :labels)
