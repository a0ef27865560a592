"""The classes of flows that the simulation lives through, one for each rule of order."""

from __future__ import annotations

from theflow.database.codec import encode
from theflow.model.orchestration import Chain
from theflow.model.retry import Retry
from theflow.model.scheme import UNLIMITED, FlowScheme
from theflow.model.shaping import Policies
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


SCHEMES = (_line(), _fork(), _single("free", UNLIMITED), _single(PILL, 1))
POLICIES = Policies.of_schemes(SCHEMES)
BY_NAME = {scheme.name: scheme for scheme in SCHEMES}
# Nobody has code for this version: its flows wait, and say why.
UNKNOWN_VERSION = 9
RECORDS = tuple(SchemeDefinition.of(scheme).record() for scheme in SCHEMES)
CLASSES = encode({scheme.name: [scheme.version] for scheme in SCHEMES}).decode()
