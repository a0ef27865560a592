-- When it is the turn of users again, all in one statement: pairs of a name and a turn.
INSERT INTO flow_turn (flow_class, user_name, turn)
SELECT :flow_class, json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:turns) WHERE true
ON CONFLICT (flow_class, user_name) DO UPDATE SET turn = excluded.turn
