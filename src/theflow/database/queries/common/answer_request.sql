-- What came of a request; said in the transaction that does it, and once.
UPDATE flow_request SET handled_at = :at, answer = :answer WHERE id = :id AND handled_at IS NULL
