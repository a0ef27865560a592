-- Something else than an admission has changed who may start: a look from before counts no more.
UPDATE flow_class SET revision = revision + 1 WHERE name = :name
