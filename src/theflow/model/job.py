"""Steps 1 and 2: a job as its user submits it, and as the database knows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, runtime_checkable

from theflow.errors import InputError

NAME_LIMIT = 255
DESCRIPTION_LIMIT = 10_000
LABELS_LIMIT = 64
PRIORITY_LIMIT = 2**31 - 1


@runtime_checkable
class Moment(Protocol):
    """A point in time as `datetime.datetime` gives it."""

    def timestamp(self) -> float:
        """Seconds since the epoch."""

    def utcoffset(self) -> object | None:
        """None marks a naive time, which is refused: it names no point in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobMeta:
    """What a user submits: a class of flows, an input, and what people should know of it.

    `run_at` is an aware datetime or integer microseconds UTC: the flow does not start earlier, and does not hold back
    later jobs of its queue meanwhile. `idempotency_key` makes a repeated submit (same user, class and key) return the
    flow that the first one made. A larger `priority` goes first among the queues of a class.
    """

    flow_class: str
    input: Any = None
    user: str = "default"
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    priority: int = 0
    run_at: Moment | int | None = None
    idempotency_key: str | None = None

    def __post_init__(self) -> None:
        """Refuse names, labels and numbers that no database could keep alike."""
        check_name("flow_class", self.flow_class)
        check_name("user", self.user)
        if self.idempotency_key is not None:
            check_name("idempotency_key", self.idempotency_key)
        if self.description != "":
            check_text("description", self.description, DESCRIPTION_LIMIT)
        if self.labels != {}:
            _check_labels(self.labels)
        if type(self.priority) is not int or abs(self.priority) > PRIORITY_LIMIT:
            raise InputError(f"priority: expected an int within ±{PRIORITY_LIMIT}, got {self.priority!r}")
        if self.run_at is not None:
            microseconds(self.run_at)


class JobMetaObject(NamedTuple):
    """A saved job event: its offset is the place in the total order that the database gave it."""

    offset: int
    flow_id: str
    created_at: int
    meta: JobMeta


def check_name(what: str, name: str) -> None:
    """Refuse a name that is empty, longer than 255 characters or carries control characters."""
    if type(name) is not str:
        raise InputError(f"{what}: expected a str, got {type(name).__name__}")
    if not name:
        raise InputError(f"{what}: it is empty; give it a name of 1 to {NAME_LIMIT} characters")
    if len(name) > NAME_LIMIT:
        raise InputError(f"{what}: {len(name)} characters; at most {NAME_LIMIT} are allowed")
    if not name.isprintable():
        bad = next(character for character in name if not character.isprintable())
        raise InputError(f"{what}: {name!a} contains {bad!a}; control characters are not allowed")


def check_text(what: str, text: str, limit: int) -> None:
    """Refuse text that some database would not keep: NUL, lone surrogates, or too long."""
    if type(text) is not str:
        raise InputError(f"{what}: expected a str, got {type(text).__name__}")
    if len(text) > limit:
        raise InputError(f"{what}: {len(text)} characters; at most {limit} are allowed")
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise InputError(f"{what}: NUL and lone surrogates cannot be stored")


def microseconds(moment: Moment | int) -> int:
    """Return `run_at` as integer microseconds UTC; refuse naive times and what is no time at all."""
    if type(moment) is int:
        at = moment
    elif not isinstance(moment, Moment) or isinstance(moment, type):
        raise InputError(f"run_at: expected an aware datetime or integer microseconds, got {type(moment).__name__}")
    elif moment.utcoffset() is None:
        raise InputError("run_at: the time has no zone; use datetime.now(timezone.utc) or another aware time")
    else:
        at = round(moment.timestamp() * 1_000_000)
    if not 0 <= at < 2**63:
        raise InputError(f"run_at: {moment} is not a count of microseconds since 1970, or a time since then")
    return at


def _check_labels(labels: Mapping[str, str]) -> None:
    if not isinstance(labels, Mapping):
        raise InputError(f"labels: expected a mapping of str to str, got {type(labels).__name__}")
    if len(labels) > LABELS_LIMIT:
        raise InputError(f"labels: {len(labels)} of them; at most {LABELS_LIMIT} are allowed")
    for key, value in labels.items():
        check_name("labels", key)
        if type(value) is not str:
            raise InputError(f"labels[{key!r}]: expected a str, got {type(value).__name__}")
        check_text(f"labels[{key!r}]", value, NAME_LIMIT)
