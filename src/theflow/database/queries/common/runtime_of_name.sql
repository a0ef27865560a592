-- The id that the database gave the new incarnation.
SELECT id FROM runtime WHERE held_name = :name
