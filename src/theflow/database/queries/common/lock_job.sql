-- Hold the job of a flow still while what was asked of the flow is done; a claim or a hand-over waits so long.
SELECT owner, parked, asked, verbs FROM job_event WHERE job_offset = :offset FOR UPDATE
