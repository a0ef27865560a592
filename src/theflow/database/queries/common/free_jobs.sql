-- Give back every flow that an incarnation held; they keep their places in their queues.
UPDATE job_event SET owner = NULL WHERE owner = :owner
