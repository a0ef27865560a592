-- The job of a flow; whoever writes to a file writes alone.
SELECT owner, parked, asked, verbs FROM job_event WHERE job_offset = :offset
