-- Moves with every submit, request, admission and turn, when a runtime comes or goes, and when a job becomes due.
SELECT (SELECT newest FROM job_counter), (SELECT sum(revision) FROM flow_class), (SELECT max(id) FROM flow_request),
    count(*), sum(id), sum(turn), sum(draining), (
    SELECT max(run_at) FROM job_event WHERE run_at <= :now AND owner IS NULL AND parked = 0
)
FROM runtime WHERE state = 'live'
