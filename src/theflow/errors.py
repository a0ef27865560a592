"""Every error that theflow raises, in one tree.

TheFlowError
├── SchemeError           the program's own definition of a flow is wrong: the message names task, parameter and mend
├── InputError            a job or an argument was refused before anything was stored
│   ├── DataRefused       a value cannot be stored: it carries the path of the bad value (`$.items[3].price`)
│   ├── IdempotencyConflict   the same idempotency key came with another input
│   └── UniqueConflict    the unique key belongs to a flow that has not ended: it carries the id of that (`flow_id`)
├── FlowNotFound          no flow has that id
├── WaitTimedOut          the flow had not ended in time; it goes on
├── SubflowFailed         a sub-flow failed, and its task with it: the message names the sub-flow and its reason
│   └── SubflowCancelled  somebody cancelled a sub-flow that its parent still waited for
├── IllegalEvent          the state machine does not accept this event now; nothing changed
├── StorageConflict       two parallel tasks changed the same field of the storage
├── ThreadsLost           every thread of a runtime is kept by a body that went on after its timeout: restart it
├── TransactionEnded      a transactional body ended its transaction itself: its rows may be there without its outcome
├── WorkerDied            a process that ran a body ended before the body did: the attempt fails, and its policy decides
├── PoolBroken            an executor that the runtime was given takes no more work: make a new one, and start again
├── RuntimeNameTaken      a live runtime holds the name: host, pid and since when are in the message
└── StoreError            the database said no
    ├── StoreUnavailable  not now: busy, full or out of reach; the same write may succeed later
    │   └── CommitUnknown     the connection went during COMMIT: the turn marker tells whether it happened
    ├── StoreUnusable     not at all until somebody mends it: missing, not a database, newer schema, read-only
    ├── RowRefused        the database refuses one row of a batch
    └── Fenced            another runtime took over: stop, discard, rejoin
"""

from __future__ import annotations

from typing import ClassVar


class TheFlowError(Exception):
    """Root of all errors that theflow raises on purpose; `code` is the word for its kind that never changes."""

    code: ClassVar[str] = ""


class SchemeError(TheFlowError):
    """A definition is wrong: a cycle, an unknown task, a parameter that nobody fills."""

    code = "scheme_error"


class InputError(TheFlowError):
    """A job or an argument was refused; nothing was stored."""

    code = "input_refused"


class DataRefused(InputError):
    """A value does not survive storage; `path` says where it stands (`$.items[3].price`)."""

    code = "data_refused"

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


class IdempotencyConflict(InputError):
    """The idempotency key belongs to a flow that was submitted with another input."""

    code = "idempotency_conflict"


class UniqueConflict(InputError):
    """The unique key belongs to a flow that has not ended; `flow_id` names it."""

    code = "unique_conflict"

    def __init__(self, problem: str, flow_id: str) -> None:
        super().__init__(problem)
        self.flow_id = flow_id


class FlowNotFound(TheFlowError):
    """No flow has that id."""

    code = "flow_not_found"


class WaitTimedOut(TheFlowError):
    """The flow had not ended when the time was up; it goes on."""

    code = "wait_timed_out"


class SubflowFailed(TheFlowError):
    """The sub-flow of a task failed; a task that has a retry for it starts another one."""

    code = "subflow_failed"


class SubflowCancelled(SubflowFailed):
    """Somebody cancelled a sub-flow for which its parent waited."""

    code = "subflow_cancelled"


class IllegalEvent(TheFlowError):
    """The state machine does not accept this event in this state; nothing changed."""

    code = "illegal_event"


class StorageConflict(TheFlowError):
    """Two parallel tasks changed the same field of the storage."""

    code = "storage_conflict"


class ThreadsLost(TheFlowError):
    """Every thread of the runtime is kept by a body that nobody waits for any more; a new process has new ones."""

    code = "threads_lost"


class TransactionEnded(TheFlowError):
    """A transactional body ended its transaction itself; its rows may be there without its outcome."""

    code = "transaction_ended"


class WorkerDied(TheFlowError):
    """A process of a pool ended before the body that it ran."""


class PoolBroken(TheFlowError):
    """An executor that the runtime was given takes no more work."""


class RuntimeNameTaken(TheFlowError):
    """A live runtime holds the name."""

    code = "runtime_name_taken"


class StoreError(TheFlowError):
    """The database said no."""

    code = "store_error"


class StoreUnavailable(StoreError):
    """The database cannot do it now: busy, full or out of reach. Try again later."""

    code = "store_unavailable"


class CommitUnknown(StoreUnavailable):
    """The connection was lost during COMMIT: only the turn marker knows whether it happened."""

    code = "commit_unknown"


class StoreUnusable(StoreError):
    """The database cannot serve before somebody mends it."""

    code = "store_unusable"


class RowRefused(StoreError):
    """The database refuses the data of one row in the batch."""

    code = "row_refused"


class Fenced(StoreError):
    """Another runtime took over what this one held."""

    code = "fenced"
