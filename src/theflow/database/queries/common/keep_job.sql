-- Nothing is owed to a flow that has ended, but somebody has asked something of it meanwhile.
UPDATE job_event SET owner = NULL, reopened = 1, claims = 0 WHERE job_offset = :offset AND verbs > 0
