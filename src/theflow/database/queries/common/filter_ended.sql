-- Of flows that have succeeded, which are nearly all.
AND status = :status
