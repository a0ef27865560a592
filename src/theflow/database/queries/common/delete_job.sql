-- Nothing is owed to the flow any more: it leaves the queue.
DELETE FROM job_event WHERE job_offset = :offset
