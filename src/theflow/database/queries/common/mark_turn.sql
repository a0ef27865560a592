-- Open an engine transaction: only a runtime that nobody took over may write, and each turn only once.
UPDATE runtime SET turn = :turn WHERE id = :id AND epoch = :epoch AND state = 'live' AND turn = :turn - 1
