"""theflow beside others of its kind, in turns, on the same server: `python -m bench.peers`, or `make bench-peers`."""
