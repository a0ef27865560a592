"""The classes of flows that the simulation lives through, one for each rule of order."""

from __future__ import annotations

from theflow.database.codec import encode
from theflow.model.mapping import Map
from theflow.model.orchestration import Chain
from theflow.model.part import split_part
from theflow.model.policy import Policies
from theflow.model.repetition import Repeat
from theflow.model.retry import Retry
from theflow.model.scheme import UNLIMITED, FlowScheme
from theflow.model.task_scheme import TaskScheme
from theflow.runtime.definition import SchemeDefinition

# A body of this class kills its process, each time.
PILL = "pill"
_RETRY = Retry(attempts=3, delay=0.2, jitter=0.0)


def body() -> None:
    """Never called: the scheduler says what comes of a body."""


def _line() -> FlowScheme:
    scheme = FlowScheme("line", orchestration=Chain)
    scheme.add(body, name="a")
    scheme.add(body, name="b", retry=_RETRY)
    return scheme


def _fork() -> FlowScheme:
    scheme = FlowScheme("fork", concurrency=2)
    scheme.add(body, name="a", retry=_RETRY)
    scheme.add(body, name="b", after=["a"])
    scheme.add(body, name="c", after=["a"], at_most_once=True)
    scheme.on_success(body)
    scheme.on_failure(body)
    return scheme


def _single(name: str, concurrency: int, version: int = 1) -> FlowScheme:
    scheme = FlowScheme(name, concurrency=concurrency, version=version)
    scheme.add(body, name="a", retry=_RETRY)
    return scheme


def _pay() -> FlowScheme:
    scheme = FlowScheme("pay", orchestration=Chain, concurrency=2)
    scheme.add(body, name="a", transactional=True, retry=_RETRY)
    scheme.add(body, name="b")
    return scheme


def _tree() -> FlowScheme:
    scheme = FlowScheme("tree", concurrency=2)
    scheme.add(body, name="a", retry=_RETRY)
    scheme.add(body, name="odd", when=lambda a: a % 2, after=["a"])
    scheme.add(body, name="even", when=lambda a: not a % 2, after=["a"], retry=_RETRY)
    scheme.add(body, name="or", join="any", after=["odd", "even"])
    scheme.add(body, name="each", map=Map(lambda: [7, 8, 9], max_parallel=2, join=2), retry=_RETRY, after=["or"])
    scheme.add(_round, name="again", repeat=Repeat(until=lambda again: again % 2, max=9), retry=_RETRY)
    scheme.add(body, name="end", join="all_done", after=["each", "again"])
    scheme.on_failure(body)
    return scheme


def _round() -> int:
    """Never called, as the others."""
    return 0


def task_scheme(flow_class: str, name: str) -> TaskScheme:
    """The scheme of a task, or of the task that a part belongs to."""
    tasks = BY_NAME[flow_class].tasks
    return tasks[name] if name in tasks else tasks[split_part(name)[0]]


SCHEMES = (_tree(), _line(), _fork(), _single("free", UNLIMITED), _single(PILL, 1), _pay())
POLICIES = Policies.of_schemes(SCHEMES)
BY_NAME = {scheme.name: scheme for scheme in SCHEMES}
# Nobody has code for this version: its flows wait, and say why.
UNKNOWN_VERSION = 9
RECORDS = tuple(SchemeDefinition.of(scheme).record() for scheme in SCHEMES)
CLASSES = encode({scheme.name: [scheme.version] for scheme in SCHEMES}).decode()
