"""The flows of a run: a chain and a diamond, whose bodies leave a line when they begin, act and end."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy.exc import DBAPIError

from tests.chaos.bank import moving
from tests.chaos.recorder import Recorder
from theflow import Chain, Context, FlowScheme

USERS = 50
CHAIN, DIAMOND = "chain", "diamond"
# What each class of flows is made of, and which task comes after which.
PARENTS = {
    CHAIN: {"first": (), "second": ("first",), "third": ("second",), "fourth": ("third",)},
    DIAMOND: {"source": (), "left": ("source",), "right": ("source",), "join": ("left", "right")},
}
# The tasks whose bodies write in the transaction of their outcome.
TRANSACTIONAL = frozenset({(CHAIN, "third")})
# One flow of so many has a body that takes its time, so that faults find it at work.
_SLOW = 7


@dataclass
class Ticket:
    """A ticket that its submitter gave out once, and what the bodies of the chain have put behind it."""

    ticket: str
    trail: list[str] = field(default_factory=list)


class Witness:
    """Writes down the life of each body."""

    def __init__(self, recorder: Recorder, owner: Callable[[int], int]) -> None:
        self._recorder = recorder
        self._owner = owner

    @contextmanager
    def life(self, ctx: Context[Ticket]) -> Iterator[str]:
        """From the beginning of a body to its end; the value is what it returns, and nobody else ever does."""
        value = secrets.token_hex(8)
        about = {"offset": ctx.offset, "task": ctx.task, "attempt": ctx.attempt, "value": value}
        about["inc"] = self._owner(ctx.offset)
        self._recorder.write("body", "invoke", **about)
        try:
            self._recorder.write("effect", offset=ctx.offset, task=ctx.task, value=value)
            ctx.log.info("value=%s", value)
            yield value
        except BaseException as error:
            # A lost connection or a lock that did not come rolls back what a transactional body has written.
            self._recorder.write("body", "fail", **about, rolled_back=isinstance(error, DBAPIError))
            raise
        self._recorder.write("body", "ok", **about)


def schemes(witness: Witness) -> list[FlowScheme]:
    """The definitions, for one process."""
    return [_chain(witness), _diamond(witness)]


def _chain(witness: Witness) -> FlowScheme:
    chain = FlowScheme(CHAIN, storage=Ticket, orchestration=Chain)

    @chain.task
    async def first(ctx: Context[Ticket]) -> str:
        with witness.life(ctx) as value:
            await asyncio.sleep(0.01)
            ctx.storage.trail.append(value)
        return value

    @chain.task
    def second(ctx: Context[Ticket]) -> str:
        with witness.life(ctx) as value:
            time.sleep(0.6 if ctx.offset % _SLOW == 0 else 0.02)
            ctx.storage.trail.append(value)
        return value

    @chain.task(transactional=True)
    def third(ctx: Context[Ticket]) -> str:
        with witness.life(ctx) as value:
            for step in moving(ctx.offset):
                ctx.tx.execute(*step)
                time.sleep(0.05 if ctx.offset % _SLOW == 0 else 0.0)
            ctx.storage.trail.append(value)
        return value

    @chain.task
    async def fourth(ctx: Context[Ticket]) -> str:
        with witness.life(ctx) as value:
            await asyncio.sleep(0.4 if ctx.offset % _SLOW == 0 else 0.02)
            ctx.storage.trail.append(value)
        return value

    return chain


def _diamond(witness: Witness) -> FlowScheme:
    diamond = FlowScheme(DIAMOND, storage=Ticket)

    @diamond.task
    async def source(ctx: Context[Ticket]) -> str:
        with witness.life(ctx) as value:
            return value

    @diamond.task(after=[source])
    def left(ctx: Context[Ticket]) -> str:
        with witness.life(ctx) as value:
            time.sleep(0.03)
            return value

    @diamond.task(after=[source])
    async def right(ctx: Context[Ticket]) -> str:
        with witness.life(ctx) as value:
            await asyncio.sleep(0.3 if ctx.offset % _SLOW == 0 else 0.02)
            return value

    @diamond.task(after=[left, right])
    async def join(ctx: Context[Ticket]) -> str:
        with witness.life(ctx) as value:
            return value

    return diamond
