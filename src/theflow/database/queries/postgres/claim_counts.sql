-- The counts after a claim of flows that were claimed before, and what somebody asked of them meanwhile. One
-- array of offsets: see claim_jobs.
SELECT job_offset, claims, asked, verbs, reopened FROM job_event WHERE job_offset = ANY(
    ARRAY(SELECT CAST(o.value AS bigint) FROM json_array_elements_text(CAST(:offsets AS json)) AS o (value))
)
