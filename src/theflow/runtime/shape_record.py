"""How a class is let in, as its stored snapshot has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from theflow.model.limit import Limit
from theflow.model.rate import Rate
from theflow.model.shape import OnHeadFailed, Shape


def plain_shape(shape: Shape) -> dict[str, Any]:
    """Return what a class declares beyond order, as plain values; nothing for most classes."""
    plain: dict[str, Any] = {}
    if not shape.limit.empty:
        plain["limit"] = _plain_limit(shape.limit)
    if not shape.queue_limit.empty:
        plain["queue_limit"] = _plain_limit(shape.queue_limit)
    if shape.uses:
        plain["uses"] = dict(shape.uses)
    if shape.requires:
        plain["requires"] = sorted(shape.requires)
    if shape.overtakes:
        plain["overtakes"] = True
    if shape.on_head_failed is not OnHeadFailed.SKIP:
        plain["on_head_failed"] = shape.on_head_failed.value
    return plain


def shape_of(plain: Mapping[str, Any]) -> Shape:
    """Read it again from the snapshot of a class."""
    return Shape(
        limit=_limit(plain.get("limit", {})),
        queue_limit=_limit(plain.get("queue_limit", {})),
        uses=plain.get("uses", {}),
        requires=frozenset(plain.get("requires", ())),
        overtakes=plain.get("overtakes", False),
        on_head_failed=OnHeadFailed(plain.get("on_head_failed", OnHeadFailed.SKIP)),
    )


def _plain_limit(limit: Limit) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    if limit.capacity is not None:
        plain["capacity"] = limit.capacity
    if limit.rate is not None:
        plain["rate"] = {"units": limit.rate.units, "per": limit.rate.per, "burst": limit.rate.burst}
    if limit.weight is not None:
        plain["weight"] = limit.weight
    return plain


def _limit(plain: Mapping[str, Any]) -> Limit:
    rate = plain.get("rate")
    return Limit(
        capacity=plain.get("capacity"), rate=None if rate is None else Rate(**rate), weight=plain.get("weight")
    )
