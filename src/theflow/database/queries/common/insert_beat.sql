-- The beat stands in a row of its own, so that raising it never waits for an engine transaction.
INSERT INTO runtime_beat (runtime_id, beat, lost_threads) VALUES (:id, 0, 0)
