-- Sub-flows go before what stands higher in the same queue, which may be waiting for them.
UPDATE job_event SET level = :level WHERE job_offset = :offset
