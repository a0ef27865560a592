-- What is due goes by the clock of the server: those of its clients differ.
SELECT CAST(unix_timestamp(now(6)) * 1000000 AS SIGNED)
