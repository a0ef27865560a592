-- Tell after a lost connection whether the commit happened.
SELECT turn FROM runtime WHERE id = :id AND epoch = :epoch AND state = 'live'
