-- The end of a question about a whole list.
AND job_offset > 0
