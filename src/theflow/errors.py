"""Every error that theflow raises, in one tree.

TheFlowError
├── SchemeError           the program's own definition of a flow is wrong: the message names task, parameter and mend
├── InputError            a job or an argument was refused before anything was stored
│   ├── DataRefused       a value cannot be stored: it carries the path of the bad value (`$.items[3].price`)
│   └── IdempotencyConflict   the same idempotency key came with another input
├── FlowNotFound          no flow has that id
├── WaitTimedOut          the flow had not ended in time; it goes on
├── IllegalEvent          the state machine does not accept this event now; nothing changed
├── StorageConflict       two parallel tasks changed the same field of the storage
├── RuntimeNameTaken      a live runtime holds the name: host, pid and since when are in the message
└── StoreError            the database said no
    ├── StoreUnavailable  not now: busy, full or out of reach; the same write may succeed later
    │   └── CommitUnknown     the connection went during COMMIT: the turn marker tells whether it happened
    ├── StoreUnusable     not at all until somebody mends it: missing, not a database, newer schema, read-only
    ├── RowRefused        the database refuses one row of a batch
    └── Fenced            another runtime took over: stop, discard, rejoin
"""

from __future__ import annotations


class TheFlowError(Exception):
    """Root of all errors that theflow raises on purpose."""


class SchemeError(TheFlowError):
    """A definition is wrong: a cycle, an unknown task, a parameter that nobody fills."""


class InputError(TheFlowError):
    """A job or an argument was refused; nothing was stored."""


class DataRefused(InputError):
    """A value does not survive storage; `path` says where it stands (`$.items[3].price`)."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


class IdempotencyConflict(InputError):
    """The idempotency key belongs to a flow that was submitted with another input."""


class FlowNotFound(TheFlowError):
    """No flow has that id."""


class WaitTimedOut(TheFlowError):
    """The flow had not ended when the time was up; it goes on."""


class IllegalEvent(TheFlowError):
    """The state machine does not accept this event in this state; nothing changed."""


class StorageConflict(TheFlowError):
    """Two parallel tasks changed the same field of the storage."""


class RuntimeNameTaken(TheFlowError):
    """A live runtime holds the name."""


class StoreError(TheFlowError):
    """The database said no."""


class StoreUnavailable(StoreError):
    """The database cannot do it now: busy, full or out of reach. Try again later."""


class CommitUnknown(StoreUnavailable):
    """The connection was lost during COMMIT: only the turn marker knows whether it happened."""


class StoreUnusable(StoreError):
    """The database cannot serve before somebody mends it."""


class RowRefused(StoreError):
    """The database refuses the data of one row in the batch."""


class Fenced(StoreError):
    """Another runtime took over what this one held."""
