-- Who holds a runtime name: the unique column is empty as soon as the holder is gone.
SELECT id, epoch, host, pid, life, started_at FROM runtime WHERE held_name = :name
