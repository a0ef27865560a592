-- Where a flow stands, and since when it has rested if it is paused.
SELECT status, paused_at, flow_id FROM flow WHERE job_offset = :offset
