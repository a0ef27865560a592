"""Pattern 19, cancel activity: one that is under way is cancelled alone, as another one was quicker."""

from __future__ import annotations

import time
from dataclasses import dataclass

from theflow import UNLIMITED, Context, FlowScheme, Map


@dataclass
class Offer:
    """One of the activities: whom it asks, and what he says."""

    whom: str = ""
    price: int = 0


asking = FlowScheme("asking", storage=Offer, concurrency=UNLIMITED)


@asking.task
def ask(ctx: Context[Offer]) -> None:
    """Wait for an answer, and end where nobody needs it any more."""
    while ctx.storage.whom == "the slow one":
        ctx.checkpoint()
        time.sleep(0.005)
    ctx.storage.price = 7


pattern = FlowScheme("pattern")


@pattern.subflow(asking, map=Map(lambda: ["the slow one", "the quick one"], join="any"))
def offers(item: str) -> Offer:
    """Each is a flow of its own; the first that succeeds cancels the others, and the flow goes on."""
    return Offer(whom=item)


@pattern.task
def buy(offers: list[Offer | None]) -> list[int | None]:
    """Of who was cancelled there is nothing."""
    return [offer and offer.price for offer in offers]


GIVEN = {}
EXPECTED = {"buy": [None, 7]}
SKIPPED = ()
ALSO = (asking,)
