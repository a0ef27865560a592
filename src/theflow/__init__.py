"""theflow: durable job flows in plain Python, in the database you already have."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from theflow.errors import TheFlowError
    from theflow.model.failure import Failure
    from theflow.model.job import JobMeta, OnConflict
    from theflow.model.limit import Limit, LimitRecord
    from theflow.model.mapping import Map
    from theflow.model.merge import Merge
    from theflow.model.orchestration import Chain, Dag
    from theflow.model.raised import Fatal, Throttled
    from theflow.model.rate import Rate
    from theflow.model.reason import Reason
    from theflow.model.repetition import Repeat
    from theflow.model.retry import Retry
    from theflow.model.scheme import UNLIMITED, FlowScheme
    from theflow.model.status import AttemptStatus, FlowStatus, TaskStatus
    from theflow.model.task_scheme import TaskScheme
    from theflow.model.undo import Undo
    from theflow.model.view import (
        Attempt,
        FlowDetail,
        FlowFilter,
        FlowLink,
        FlowSummary,
        FlowTree,
        LogLine,
        Page,
        Request,
        TaskLine,
        TaskProgress,
        UndoLine,
    )
    from theflow.runtime.async_client import AsyncClient
    from theflow.runtime.client import Client, FlowHandle
    from theflow.runtime.context import Context
    from theflow.runtime.options import RuntimeOptions
    from theflow.runtime.runtime import Runtime
    from theflow.runtime.shaper import Explanation
    from theflow.wire import bootstrap, connect, connect_async

__version__ = "0.1.0"

# Nothing is imported before it is asked for: `import theflow` costs nothing to programs that only define flows.
_HOMES = {
    "errors": ("TheFlowError",),
    "model.failure": ("Failure",),
    "model.job": ("JobMeta", "OnConflict"),
    "model.limit": ("Limit", "LimitRecord"),
    "model.mapping": ("Map",),
    "model.merge": ("Merge",),
    "model.orchestration": ("Chain", "Dag"),
    "model.raised": ("Fatal", "Throttled"),
    "model.rate": ("Rate",),
    "model.reason": ("Reason",),
    "model.repetition": ("Repeat",),
    "model.retry": ("Retry",),
    "model.scheme": ("UNLIMITED", "FlowScheme"),
    "model.status": ("AttemptStatus", "FlowStatus", "TaskStatus"),
    "model.task_scheme": ("TaskScheme",),
    "model.undo": ("Undo",),
    "model.view": (
        "Attempt",
        "FlowDetail",
        "FlowFilter",
        "FlowLink",
        "FlowSummary",
        "FlowTree",
        "LogLine",
        "Page",
        "Request",
        "TaskLine",
        "UndoLine",
        "TaskProgress",
    ),
    "runtime.async_client": ("AsyncClient",),
    "runtime.client": ("Client", "FlowHandle"),
    "runtime.context": ("Context",),
    "runtime.options": ("RuntimeOptions",),
    "runtime.runtime": ("Runtime",),
    "runtime.shaper": ("Explanation",),
    "wire": ("bootstrap", "connect", "connect_async"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "UNLIMITED",
    "AsyncClient",
    "Attempt",
    "AttemptStatus",
    "Chain",
    "Client",
    "Context",
    "Dag",
    "Explanation",
    "Failure",
    "Fatal",
    "FlowDetail",
    "FlowFilter",
    "FlowHandle",
    "FlowLink",
    "FlowScheme",
    "FlowStatus",
    "FlowSummary",
    "FlowTree",
    "JobMeta",
    "Limit",
    "LimitRecord",
    "LogLine",
    "Map",
    "Merge",
    "OnConflict",
    "Page",
    "Rate",
    "Reason",
    "Repeat",
    "Request",
    "Retry",
    "Runtime",
    "RuntimeOptions",
    "TaskLine",
    "TaskProgress",
    "TaskScheme",
    "TaskStatus",
    "TheFlowError",
    "Throttled",
    "Undo",
    "UndoLine",
    "bootstrap",
    "connect",
    "connect_async",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'theflow' has no attribute {name!r}")
    value = getattr(import_module(f"theflow.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
