-- When it is the turn of users again, all in one statement: pairs of a name and a turn.
INSERT INTO flow_turn (flow_class, user_name, turn)
SELECT :flow_class, t.value ->> 0, CAST(t.value ->> 1 AS bigint) FROM json_array_elements(CAST(:turns AS json)) AS t
ON CONFLICT (flow_class, user_name) DO UPDATE SET turn = excluded.turn
