-- Moves when another connection has written; this file's own counter, read from shared memory.
PRAGMA data_version
