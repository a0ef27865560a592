-- Reserve places in the total order of jobs; the row lock makes the order that of the commits.
UPDATE job_counter SET newest = newest + :count RETURNING newest
