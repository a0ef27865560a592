"""Where bodies leave lines that outlive their processes."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field

from theflow import Context


@dataclass
class Trail:
    """Where the flow leaves its lines, and what its body is to do."""

    effects: str
    seconds: float = 0.0
    until: str = ""
    text: str = ""
    steps: list[str] = field(default_factory=list)


def leave(ctx: Context[Trail], moment: str = "start") -> None:
    """Write one line in one go: which body, in which process, when."""
    line = {
        "moment": moment,
        "queue": f"{ctx.flow_class}/{ctx.user}",
        "offset": ctx.offset,
        "task": ctx.task,
        "attempt": ctx.attempt,
        "pid": os.getpid(),
        "at": time.monotonic(),
    }
    handle = os.open(ctx.storage.effects, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(handle, json.dumps(line).encode() + b"\n")
    os.close(handle)
