-- The live runtime of a name admits no more flows, or admits again.
UPDATE runtime SET draining = :draining WHERE held_name = :name
