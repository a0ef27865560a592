"""The runtime floor: threads, the clock and the engine turn, over the port to the database."""
