-- When it is the turn of a user again.
INSERT INTO flow_turn (flow_class, user_name, turn) VALUES (:flow_class, :user_name, :turn)
ON DUPLICATE KEY UPDATE turn = VALUES(turn)
