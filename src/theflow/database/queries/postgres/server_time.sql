-- What is due goes by the clock of the server: those of its clients differ.
SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)
