"""Patterns 13 and 14 for several tasks: they are a sub-flow, of which there is one for each item."""

from __future__ import annotations

from dataclasses import dataclass, field

from theflow import UNLIMITED, FlowScheme, Map


@dataclass
class Parcel:
    """What one instance works on."""

    weight: int = 0
    label: str = ""
    price: int = 0


@dataclass
class Case:
    """What the flow is about."""

    weights: list[int] = field(default_factory=list)


shipping = FlowScheme("shipping", storage=Parcel, concurrency=UNLIMITED)


@shipping.task
def label(parcel: Parcel) -> None:
    """The first task of an instance."""
    parcel.label = f"{parcel.weight} kg"


@shipping.task(after=[label])
def weigh(parcel: Parcel) -> None:
    """The last task of an instance."""
    parcel.price = parcel.weight * 10


pattern = FlowScheme("pattern", storage=Case)


@pattern.subflow(shipping, map=Map("weights", max_parallel=2))
def ship(item: int) -> Parcel:
    """One instance for each weight, two at a time; the flow holds nothing while they are under way."""
    return Parcel(weight=item)


@pattern.task
def total(ship: list[Parcel]) -> int:
    """After all of them."""
    return sum(parcel.price for parcel in ship)


GIVEN = {"weights": [1, 2, 3]}
EXPECTED = {"total": 60}
SKIPPED = ()
ALSO = (shipping,)
