"""How a class of flows is let in, as its scheme declares it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypedDict

from theflow.errors import InputError, SchemeError
from theflow.model.job import check_name
from theflow.model.limit import NO_LIMIT, Limit
from theflow.model.rate import checked_units


class OnHeadFailed(StrEnum):
    """What becomes of a queue when a flow of it has failed."""

    SKIP = "skip"
    BLOCK = "block"
    PARK = "park"


class ShapeOptions(TypedDict, total=False):
    """How the flows of a class are let in; see `Shape`."""

    limit: Limit
    queue_limit: Limit
    uses: Mapping[str, int]
    units: Callable[[Any], int] | None
    requires: Iterable[str]
    overtakes: bool
    on_head_failed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How the flows of a class are let in.

    `limit` holds for the class, `queue_limit` for each user's queue in it. `uses` says how many units of which
    resources a flow takes while it runs, `units` how much of a rate, given its input (default: one). Only runtimes with
    all labels that it `requires` take its flows. With `overtakes` a larger priority goes first within a queue too.
    `on_head_failed` says what becomes of a queue when a flow of it fails: the next one starts ("skip"), the others
    wait until it has succeeded after all ("block"), or until somebody resumes the queue ("park").
    """

    limit: Limit = NO_LIMIT
    queue_limit: Limit = NO_LIMIT
    uses: Mapping[str, int] = field(default_factory=dict)
    units: Callable[[Any], int] | None = None
    requires: frozenset[str] = frozenset()
    overtakes: bool = False
    on_head_failed: OnHeadFailed = OnHeadFailed.SKIP
    # Whether a failure keeps others from starting at all; read for every flow of every turn.
    holds_back: bool = field(init=False, repr=False, compare=False, default=False)

    def __post_init__(self) -> None:
        """Remember what is asked most often."""
        object.__setattr__(self, "holds_back", self.on_head_failed is not OnHeadFailed.SKIP)


def checked_shape(flow: str, options: Mapping[str, Any]) -> Shape:
    """Build the shape of a class from its options; raise SchemeError for what cannot be."""
    try:
        return Shape(
            limit=_limit(options, "limit"),
            queue_limit=_queue_limit(options),
            uses=_uses(options.get("uses", {})),
            units=_units(options.get("units")),
            requires=_labels(options.get("requires", ())),
            overtakes=bool(options.get("overtakes", False)),
            on_head_failed=_on_head_failed(options.get("on_head_failed", OnHeadFailed.SKIP)),
        )
    except InputError as error:
        raise SchemeError(f"flow {flow!r}: {error}") from None


def _limit(options: Mapping[str, Any], what: str) -> Limit:
    limit = options.get(what, NO_LIMIT)
    if not isinstance(limit, Limit):
        raise InputError(f"{what}: expected a theflow.Limit, got {limit!r}")
    return limit


def _queue_limit(options: Mapping[str, Any]) -> Limit:
    limit = _limit(options, "queue_limit")
    if limit.capacity is not None:
        raise InputError("queue_limit has a capacity; how many flows of a queue run at once is its concurrency=")
    return limit


def _uses(uses: Any) -> dict[str, int]:
    if not isinstance(uses, Mapping):
        raise InputError(f'uses: expected units by resource, such as {{"gpu": 1}}, got {uses!r}')
    return {
        check_name("uses, the name of a resource", resource): checked_units(f"uses[{resource!r}]", units)
        for resource, units in uses.items()
    }


def _units(units: Any) -> Callable[[Any], int] | None:
    if units is not None and not callable(units):
        raise InputError(f"units: expected a function of the input that returns an int, got {units!r}")
    counted: Callable[[Any], int] | None = units
    return counted


def _labels(labels: Any) -> frozenset[str]:
    return checked_labels("requires", labels)


def checked_labels(what: str, labels: Any) -> frozenset[str]:
    """Return labels of runtimes; raise InputError for what are none."""
    if isinstance(labels, str) or not isinstance(labels, Iterable):
        raise InputError(f'{what}: expected labels, such as ["gpu"], got {labels!r}')
    return frozenset(check_name(f"{what}, a label", label) for label in labels)


def _on_head_failed(value: Any) -> OnHeadFailed:
    if value not in OnHeadFailed.__members__.values():
        raise InputError(f"on_head_failed is {value!r}; it is one of {', '.join(OnHeadFailed)}")
    return OnHeadFailed(value)
