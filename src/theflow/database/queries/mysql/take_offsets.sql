-- Reserve places in the total order of jobs; the newest one comes back with the answer, as the id that was made.
UPDATE job_counter SET newest = last_insert_id(newest + :count)
