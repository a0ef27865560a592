"""What becomes of work that the database refuses: the one flow that it is about is found, and stops nobody else."""

from __future__ import annotations

import logging

from theflow.errors import RowRefused
from theflow.model.decide import decide
from theflow.model.failure import Failure
from theflow.model.message import HookEnded, Park
from theflow.model.status import FlowStatus
from theflow.runtime.flow_work import FlowWork
from theflow.runtime.work import Work

_logger = logging.getLogger("theflow.engine")


def smaller(work: Work, error: RowRefused, now: int) -> list[Work]:
    """Split work that was refused; a flow that is refused alone is parked. Nothing is left of what cannot be saved."""
    if len(work.flows) > 1:
        return list(work.halves())
    (mine,) = work.flows.values()
    if mine.last_resort and mine.attempts:
        # The flow has ended: it goes without the note on its hook.
        bare = Work()
        last = bare.of(mine.before)
        last.last_resort = last.released = True
        return [bare]
    if mine.last_resort:
        _logger.error("flow given up flow_id=%s offset=%d: %s", mine.flow.flow_id, mine.flow.offset, error)
        return []
    return [_without_what_was_refused(mine, error, now)]


def _without_what_was_refused(mine: FlowWork, error: RowRefused, now: int) -> Work:
    reason = f"the database refused what task bodies of it produced: {error}"
    before = mine.before
    safe = Work()
    last = safe.of(before)
    last.last_resort = True
    last.answers = tuple(row._replace(answer=f"refused: {reason}") for row in mine.answers)
    if before.status is FlowStatus.PARKED:
        # It rests already, and goes on resting.
        last.flow = before
    elif not before.status.ended:
        last.add(decide(before, Park(reason), now))
    elif before.hook in before.scheme.hooks:
        # The outcome of an ended flow stands; only what its hook left behind is refused.
        refused = Failure.plain("RowRefused", reason, "row_refused")
        last.add(decide(before, HookEnded(before.hook, refused, now, now), now))
    else:
        last.released = True
    _logger.error("row refused flow_id=%s offset=%d: %s", before.flow_id, before.offset, reason)
    return safe
