"""Steps 1 and 2: a job as its user submits it, and as the database knows it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, Protocol, TypedDict, runtime_checkable

from theflow.errors import InputError

NAME_LIMIT = 255
DESCRIPTION_LIMIT = 10_000
LABELS_LIMIT = 64
PRIORITY_LIMIT = 2**31 - 1
# The longest delay, in seconds: a hundred years.
SECONDS_LIMIT = 3_155_760_000
_SECOND = 1_000_000
_NO_RULES = (None,) * 6
# What steers a terminal or ends a line, and what is half a character.
_NOT_IN_NAMES = ("Cc", "Cs", "Zl", "Zp")


@runtime_checkable
class Moment(Protocol):
    """A point in time as `datetime.datetime` gives it."""

    def timestamp(self) -> float:
        """Seconds since the epoch."""

    def utcoffset(self) -> object | None:
        """None marks a naive time, which is refused: it names no point in time."""


class OnConflict(StrEnum):
    """What becomes of a job whose unique key belongs to a flow that has not ended."""

    RETURN = "return"
    REJECT = "reject"
    REPLACE_PENDING = "replace_pending"
    CANCEL_RUNNING = "cancel_running"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobMeta:
    """What a user submits: a class of flows, an input, and what people should know of it.

    Names and keys are kept in Unicode's form C, so what reads alike is alike. A time is an aware datetime or integer
    microseconds UTC; seconds count from the submit, by the clock of the database where it has one.

    `run_at` or `delay` (seconds): the flow does not start earlier, and does not hold back later jobs of its queue
    meanwhile. `expires_at` or `expires_in` (seconds): if it has not started by then, it never does.
    `idempotency_key` makes a repeated submit (same user, class and key) return the flow that the first one made.
    `unique` is a key of which one flow of that user and class is active at a time, and `on_conflict` what becomes of
    another job with it. `debounce` (seconds) lets each submit with the same unique key put the start off again, to
    `debounce_limit` seconds after the first one at most. A larger `priority` goes first among the queues of a class.
    """

    flow_class: str
    input: Any = None
    user: str = "default"
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    priority: int = 0
    run_at: Moment | int | None = None
    idempotency_key: str | None = None
    delay: float | None = None
    expires_at: Moment | int | None = None
    expires_in: float | None = None
    unique: str | None = None
    on_conflict: str | None = None
    debounce: float | None = None
    debounce_limit: float | None = None

    def __post_init__(self) -> None:
        """Refuse names, labels and numbers that no database could keep alike."""
        flow_class, user = check_name("flow_class", self.flow_class), check_name("user", self.user)
        if flow_class is not self.flow_class or user is not self.user:
            object.__setattr__(self, "flow_class", flow_class)
            object.__setattr__(self, "user", user)
        if self.idempotency_key is not None:
            object.__setattr__(self, "idempotency_key", check_name("idempotency_key", self.idempotency_key))
        if self.unique is not None:
            object.__setattr__(self, "unique", check_name("unique", self.unique))
        if self.description != "":
            check_text("description", self.description, DESCRIPTION_LIMIT)
        if self.labels != {}:
            _check_labels(self.labels)
        check_priority(self.priority)
        if self.run_at is not None:
            microseconds(self.run_at)
        rules = (self.delay, self.expires_at, self.expires_in, self.on_conflict, self.debounce, self.debounce_limit)
        if rules != _NO_RULES:
            _check_times(self)
            _check_policy(self)

    @property
    def relative(self) -> bool:
        """Whether it has times that count from the submit."""
        return self.delay is not None or self.expires_in is not None or self.debounce is not None

    @property
    def policy(self) -> OnConflict:
        """What becomes of the job if its unique key belongs to a flow that has not ended."""
        if self.on_conflict is None:
            return OnConflict.RETURN if self.debounce is None else OnConflict.REPLACE_PENDING
        return OnConflict(self.on_conflict)

    def starts_after(self, now: int) -> int | None:
        """Return before when it does not start, if it was submitted at `now`; None if it may at once."""
        seconds = self.delay if self.debounce is None else self.debounce
        if seconds is not None:
            return now + round(seconds * _SECOND)
        return None if self.run_at is None else microseconds(self.run_at)

    def starts_before(self, now: int) -> int | None:
        """Return until when it has to have started, if it was submitted at `now`; None if it has time."""
        if self.expires_in is not None:
            return now + round(self.expires_in * _SECOND)
        return None if self.expires_at is None else microseconds(self.expires_at, "expires_at")

    def kept(self, run_at: int | None) -> JobMeta:
        """Return it as a database knows it: without input, and without what counts from the submit or meets others."""
        return JobMeta(
            flow_class=self.flow_class,
            user=self.user,
            description=self.description,
            labels=dict(self.labels),
            priority=self.priority,
            run_at=run_at,
            idempotency_key=self.idempotency_key,
        )


class JobChanges(TypedDict, total=False):
    """What can be changed of a job whose flow has not begun."""

    input: Any
    priority: int
    run_at: Moment | int
    description: str


class JobMetaObject(NamedTuple):
    """A saved job event: its offset is the place in the total order that the database gave it."""

    offset: int
    flow_id: str
    created_at: int
    meta: JobMeta


def check_name(what: str, name: str) -> str:
    """Return a name in Unicode's form C; refuse one that is empty, too long, or carries control characters."""
    if type(name) is not str:
        raise InputError(f"{what}: expected a str, got {type(name).__name__}")
    if not name.isascii():
        name = canonical(name)
    if not name:
        raise InputError(f"{what}: it is empty; give it a name of 1 to {NAME_LIMIT} characters")
    if len(name) > NAME_LIMIT:
        raise InputError(f"{what}: {len(name)} characters; at most {NAME_LIMIT} are allowed")
    if not name.isprintable():
        bad = next((one for one in name if unicodedata.category(one) in _NOT_IN_NAMES), "")
        if bad:
            raise InputError(f"{what}: {name!a} contains {bad!a}; control characters are not allowed")
    return name


def canonical(name: str) -> str:
    """Return a name in Unicode's form C: so names that read alike are the same bytes, on every database."""
    return name if unicodedata.is_normalized("NFC", name) else unicodedata.normalize("NFC", name)


def check_text(what: str, text: str, limit: int) -> None:
    """Refuse text that some database would not keep: NUL, lone surrogates, or too long."""
    if type(text) is not str:
        raise InputError(f"{what}: expected a str, got {type(text).__name__}")
    if len(text) > limit:
        raise InputError(f"{what}: {len(text)} characters; at most {limit} are allowed")
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise InputError(f"{what}: NUL and lone surrogates cannot be stored")


def check_priority(priority: int) -> None:
    """Refuse what is no 32-bit integer."""
    if type(priority) is not int or abs(priority) > PRIORITY_LIMIT:
        raise InputError(f"priority: expected an int within ±{PRIORITY_LIMIT}, got {priority!r}")


def microseconds(moment: Moment | int, what: str = "run_at") -> int:
    """Return a time as integer microseconds UTC; refuse naive times and what is no time at all."""
    if type(moment) is int:
        at = moment
    elif not isinstance(moment, Moment) or isinstance(moment, type):
        raise InputError(f"{what}: expected an aware datetime or integer microseconds, got {type(moment).__name__}")
    elif moment.utcoffset() is None:
        raise InputError(f"{what}: the time has no zone; use datetime.now(timezone.utc) or another aware time")
    else:
        at = round(moment.timestamp() * _SECOND)
    if not 0 <= at < 2**63:
        raise InputError(f"{what}: {moment} is not a count of microseconds since 1970, or a time since then")
    return at


def check_seconds(what: str, seconds: float, least: float = 0.0) -> None:
    """Refuse what is no number of seconds from `least` to a hundred years."""
    if type(seconds) not in (int, float) or not least <= seconds <= SECONDS_LIMIT:
        raise InputError(f"{what}: expected {least:g} to {SECONDS_LIMIT} seconds, got {seconds!r}")


def _check_times(meta: JobMeta) -> None:
    starts = [name for name in ("run_at", "delay", "debounce") if getattr(meta, name) is not None]
    if len(starts) > 1:
        raise InputError(f"{starts[1]}: {starts[0]} says already when the flow may start; give one of them")
    if meta.expires_at is not None and meta.expires_in is not None:
        raise InputError("expires_in: expires_at says already until when the flow has to start; give one of them")
    if meta.delay is not None:
        check_seconds("delay", meta.delay)
    if meta.expires_in is not None:
        check_seconds("expires_in", meta.expires_in)
    if meta.debounce is not None:
        check_seconds("debounce", meta.debounce)
    first, last = meta.starts_after(0), meta.starts_before(0)
    # One that counts from the submit and one that does not are compared when it is submitted.
    alike = (meta.run_at is None) == (meta.expires_at is None)
    if alike and first is not None and last is not None:
        check_order(first, last)


def check_order(first: int | None, last: int | None) -> None:
    """Refuse a time to start that comes when it is too late to start."""
    if first is not None and last is not None and first >= last:
        raise InputError("expires_at: the flow may not start before that time is up; let it expire later")


def _check_policy(meta: JobMeta) -> None:
    given = [name for name in ("on_conflict", "debounce", "debounce_limit") if getattr(meta, name) is not None]
    if given and meta.unique is None:
        raise InputError(f"{given[0]}: it says what becomes of jobs with the same key; give unique, too")
    if meta.on_conflict is not None and meta.on_conflict not in OnConflict.__members__.values():
        words = ", ".join(OnConflict)
        raise InputError(f"on_conflict: {meta.on_conflict!r} is none of {words}")
    if meta.debounce is not None and meta.policy is not OnConflict.REPLACE_PENDING:
        raise InputError(f"on_conflict: {meta.on_conflict} does not go with debounce, which replaces what is pending")
    if meta.debounce_limit is not None:
        if meta.debounce is None:
            raise InputError("debounce_limit: it limits debounce; give that, too")
        check_seconds("debounce_limit", meta.debounce_limit, meta.debounce)


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
