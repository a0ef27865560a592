-- How many flows a list would show; the filters of the caller are added to the WHERE.
SELECT count(*) FROM flow WHERE job_offset < :before
