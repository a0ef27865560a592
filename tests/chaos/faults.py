"""What is done to a run: each fault begins, lasts for a while, and is healed."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos.actor import Actor
from tests.chaos.observed import TRANSACTION
from tests.chaos.proxy import DOWN, UP
from tests.chaos.recorder import Recorder

# How long it is waited for a runtime to come to the brink of a write, and then for another one to take it over.
_PATIENCE = 15.0
OF_PROCESSES = ("kill", "kill_new_name", "pause", "brink")
# Those in which a runtime is unheard for longer than a TTL, in shares of it.
_LONG = {"pause": 1.6, "brink": 1.6, "mute": 1.6, "deaf": 1.6, "black_hole": 1.6}
_SHORT = {
    "kill": 1.0,
    "kill_new_name": 0.5,
    "crash": 1.5,
    "slow": 2.0,
    "slices": 1.5,
    "full_disk": 2.5,
    "no_commit": 2.0,
    "no_answer": 2.0,
}


@dataclass(frozen=True)
class Site:
    """Where a fault is done: its target, the database, and those who write it down."""

    target: Actor
    ground: Any
    chance: random.Random
    recorder: Recorder

    @property
    def line(self) -> Any:
        """The way of the target to the database."""
        return self.ground.lines[self.target.name]


def seconds_of(kind: str, ttl: float) -> float:
    """How long a fault lasts."""
    return _LONG[kind] * ttl if kind in _LONG else _SHORT.get(kind, 0.7)


def _killed(site: Site) -> int:
    pid = site.target.pid
    site.target.kill()
    site.recorder.write("death", pid=pid)
    return pid


def _wait_for_heirs(site: Site, pid: int) -> None:
    """Wait until somebody has taken a runtime over, on a busy machine too."""
    until = time.monotonic() + _PATIENCE
    while site.ground.tables.lives(pid) and time.monotonic() < until:
        time.sleep(0.05)


def _sign(site: Site, write: str) -> Path:
    """Ask a runtime to stop at the brink of its next write of a kind."""
    sign = site.target.folder / f"{site.target.name}.brink"
    sign.write_text(write)
    return sign


@contextmanager
def kill(site: Site) -> Iterator[None]:
    """Kill a runtime, and start it again under its name."""
    pid = _killed(site)
    yield
    _wait_for_heirs(site, pid)
    site.target.start()


@contextmanager
def kill_new_name(site: Site) -> Iterator[None]:
    """Kill a runtime when a body has written and nothing is committed; nobody gives its name back to the next one."""
    sign = _sign(site, TRANSACTION)
    site.target.wait_until_stopped(_PATIENCE)
    sign.unlink(missing_ok=True)
    pid = _killed(site)
    yield
    _wait_for_heirs(site, pid)
    site.target.start(name=f"{site.target.name}-{site.target.lives + 1}")


@contextmanager
def pause(site: Site) -> Iterator[None]:
    """Stop a runtime wherever it is."""
    site.target.send(signal.SIGSTOP)
    yield
    site.target.send(signal.SIGCONT)


@contextmanager
def brink(site: Site) -> Iterator[None]:
    """Stop a runtime when it has decided to write: once it goes on, it writes what was true before."""
    sign = _sign(site, site.chance.choice(site.ground.brinks))
    if not site.target.wait_until_stopped(_PATIENCE) or not site.ground.is_free():
        # It has nothing to write, or holds up everybody else: then it is stopped in another way.
        sign.unlink(missing_ok=True)
        site.target.send(signal.SIGSTOP)
    yield
    _wait_for_heirs(site, site.target.pid)
    site.target.send(signal.SIGCONT)


@contextmanager
def session(site: Site) -> Iterator[None]:
    """End sessions on the server, whosever they are."""
    site.ground.end_sessions(site.chance, 4)
    yield
    site.ground.end_sessions(site.chance, 2)


@contextmanager
def crash(site: Site) -> Iterator[None]:
    """End the server at once, and start it again."""
    site.ground.server.crash()
    yield
    site.ground.server.start()


@contextmanager
def cut(site: Site) -> Iterator[None]:
    """Reset every connection of a runtime."""
    site.line.cut()
    yield
    site.line.cut()


@contextmanager
def slow(site: Site) -> Iterator[None]:
    """Let every message take long."""
    site.line.slow_down(0.15)
    yield
    site.line.heal()


@contextmanager
def slices(site: Site) -> Iterator[None]:
    """Let every message come in pieces."""
    site.line.chop(7)
    yield
    site.line.heal()


def _silent(*ways: str) -> Callable[[Site], AbstractContextManager[None]]:
    @contextmanager
    def silent(site: Site) -> Iterator[None]:
        site.line.silence(*ways)
        yield
        site.line.heal()

    return silent


def _losing(where: str) -> Callable[[Site], AbstractContextManager[None]]:
    @contextmanager
    def losing(site: Site) -> Iterator[None]:
        # Of everybody: one who has lost an answer waits for a while before he writes again. So bodies come first at the
        # target: not with so many that one of them is run again until that is its failure.
        lines = site.ground.lines.values()
        for line in lines:
            line.lose_commits(where, 8, of_bodies=4 if line is site.line else 0)
        yield
        for line in lines:
            line.heal()

    return losing


@contextmanager
def full_disk(site: Site) -> Iterator[None]:
    """Leave no room on the disk, and first of all none for what a body has written and is about to commit."""
    site.ground.shorten_log()
    sign = _sign(site, TRANSACTION)
    site.target.wait_until_stopped(_PATIENCE)
    sign.unlink(missing_ok=True)
    ballast = site.ground.fill()
    site.target.send(signal.SIGCONT)
    yield
    ballast.unlink()
    # Once more, in case it came to the brink only now.
    site.target.send(signal.SIGCONT)


FAULTS: Mapping[str, Callable[[Site], AbstractContextManager[None]]] = {
    "kill": kill,
    "kill_new_name": kill_new_name,
    "pause": pause,
    "brink": brink,
    "session": session,
    "crash": crash,
    "cut": cut,
    "slow": slow,
    "slices": slices,
    "mute": _silent(UP),
    "deaf": _silent(DOWN),
    "black_hole": _silent(UP, DOWN),
    "no_commit": _losing(UP),
    "no_answer": _losing(DOWN),
    "full_disk": full_disk,
}
