-- What a contender observes: beats of the incarnations that count as alive, and how much they hold.
SELECT r.id, r.name, r.epoch, r.host, r.pid, r.life, r.flows, r.classes, r.state, b.beat, r.started_at,
    (SELECT count(*) FROM job_event AS j WHERE j.owner = r.id) AS held
FROM runtime AS r JOIN runtime_beat AS b ON b.runtime_id = r.id
WHERE r.state = 'live'
ORDER BY r.id
