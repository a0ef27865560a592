-- A new incarnation under its name.
INSERT INTO runtime (name, held_name, epoch, turn, state, host, pid, life, flows, classes, started_at, draining)
VALUES (:name, :held_name, 1, 0, 'live', :host, :pid, :life, :flows, :classes, :started_at, 0)
