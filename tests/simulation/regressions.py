"""What once failed, and is replayed always: seeds with their number of steps.

A seed tells its story only as long as the explorer draws as it drew then; what must stay is also a schedule of its own
in test_regressions.py.
"""

from __future__ import annotations

SEEDS = (
    # A runtime that rejoined took its own name, asked for with an answer that was lost, for that of another, and ended.
    (648, 30),
    (9050, 30),
    (12802, 30),
    # A commit was lost, and taken for done, as the turn of an earlier claim, whose answer was lost too, was its turn.
    (200277, 30),
    # A flow that had ended stayed with its runtime for ever, as the note on its failed hook was refused.
    (1003782, 30),
    # A runtime that drained was taken over, and brought the same transaction to its commit twice.
    (13792, 30),
)
