-- Flow ids in a range of text: a prefix needs no wildcard.
SELECT flow_id FROM flow WHERE flow_id >= :first AND flow_id < :beyond ORDER BY flow_id LIMIT :limit
