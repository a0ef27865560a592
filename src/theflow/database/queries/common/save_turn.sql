-- When it is the turn of a user again.
INSERT INTO flow_turn (flow_class, user_name, turn) VALUES (:flow_class, :user_name, :turn)
ON CONFLICT (flow_class, user_name) DO UPDATE SET turn = excluded.turn
