"""Which process this is, and whether another one on the same machine still lives."""

from __future__ import annotations

import getpass
import os
import socket
from pathlib import Path

from theflow.database.records import Holder

_PROC = Path("/proc")


def this_host() -> str:
    """Name the machine so that pids of other machines and other containers are never taken for ours."""
    parts = [socket.gethostname()]
    try:
        parts.append((_PROC / "sys/kernel/random/boot_id").read_text().strip())
        parts.append(str((_PROC / "self/ns/pid").readlink()))
    except OSError:
        # Not Linux: a host name is all there is.
        return parts[0]
    return "/".join(parts)


def this_person() -> str:
    """Name who runs this process, for the record of what he asks."""
    try:
        user = getpass.getuser()
    except (ImportError, KeyError, OSError):
        # A container may run under a number that has no name.
        user = f"uid {os.getuid()}"
    return f"{user}@{socket.gethostname()}"


def life_of(pid: int) -> str | None:
    """Return what tells a process from a later one with the same pid; None if no such process lives."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None if _PROC.joinpath("self").exists() or not _answers(pid) else ""
    # A zombie has ended, it was only not waited for.
    return None if fields[0] in ("Z", "X") else fields[19]


def is_gone(holder: Holder, host: str) -> bool:
    """Whether the process of a runtime has certainly ended; False where that cannot be known."""
    if holder.host != host:
        return False
    life = life_of(holder.pid)
    return life is None or life != holder.life


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
