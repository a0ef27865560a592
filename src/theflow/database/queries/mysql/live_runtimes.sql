-- What a contender observes: beats of the incarnations that count as alive, what they hold, and how much of that
-- somebody has asked something of, or whose sub-flow has ended. How long one has been silent is for people to read: both times are of the clock of the
-- database, and no decision goes by it.
SELECT r.id, r.name, r.epoch, r.host, r.pid, r.life, r.flows, r.classes, r.state, b.beat, r.started_at,
    (SELECT count(*) FROM job_event AS j WHERE j.owner = r.id) AS held, r.draining,
    CAST(unix_timestamp(now(6)) * 1000000 AS SIGNED) - b.beat_at AS silent,
    (SELECT count(*) FROM job_event AS j WHERE j.owner = r.id AND j.asked = 1)
    + (SELECT count(*) FROM job_event AS j WHERE j.owner = r.id AND j.asked = 0 AND j.verbs > 0)
    + (SELECT count(*) FROM job_event AS j WHERE j.owner = r.id AND j.asked = 0 AND j.verbs = 0 AND j.woken = 1) AS asked,
    b.lost_threads
FROM runtime AS r JOIN runtime_beat AS b ON b.runtime_id = r.id
WHERE r.state = 'live'
ORDER BY r.id
