-- What was left of the delay of a flow when it was paused is left now.
UPDATE flow SET run_at = run_at + :held WHERE job_offset = :offset AND run_at > :since
