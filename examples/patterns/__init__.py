"""Control-flow patterns, one a file: a scheme, what it is given, and what comes of it."""
