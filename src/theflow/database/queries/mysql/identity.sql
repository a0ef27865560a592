-- Which database this is: two connections that see the same answer write to the same tables.
SELECT database(), @@hostname, @@port, @@datadir
