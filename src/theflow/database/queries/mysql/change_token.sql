-- Moves with every submit, every turn, and whenever a runtime comes or goes.
SELECT (SELECT newest FROM job_counter), count(*), sum(id), sum(turn) FROM runtime WHERE state = 'live'
