-- Of flows that have ended or are parked.
AND status = :status
