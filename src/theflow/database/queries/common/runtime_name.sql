-- The name of an incarnation, for messages.
SELECT name FROM runtime WHERE id = :id
