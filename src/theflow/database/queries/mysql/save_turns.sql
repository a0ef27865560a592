-- When it is the turn of users again, all in one statement: pairs of a name and a turn.
INSERT INTO flow_turn (flow_class, user_name, turn)
SELECT :flow_class, t.user_name, t.turn FROM JSON_TABLE(
    :turns, '$[*]' COLUMNS (user_name VARCHAR(255) PATH '$[0]', turn BIGINT PATH '$[1]')
) AS t
ON DUPLICATE KEY UPDATE turn = VALUES(turn)
