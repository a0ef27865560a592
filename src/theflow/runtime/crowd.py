"""What people may do to many flows at once, or to whole queues and classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from theflow.errors import InputError
from theflow.model.job import check_name
from theflow.model.queue_pause import QueuePause
from theflow.model.status import FlowStatus
from theflow.model.verb import FITS
from theflow.model.view import FlowFilter, FlowSummary, Request
from theflow.runtime.shaper import Shaper

# Verbs that need nothing but the flow.
BULK = ("cancel", "pause", "resume", "retry", "revert")
# So many flows are asked in one transaction.
BATCH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """How far a verb has come with many flows: of `flows` that were seen so many were asked, and the others refused."""

    flows: int = 0
    asked: int = 0
    refused: int = 0
    refusal: str = ""


def watched(_: Applied) -> None:
    """Nobody watches."""


class Crowd(Shaper):
    """The hands of a Client where many flows are meant."""

    def count(self, verb: str, flow_filter: FlowFilter) -> int:
        """Count the flows of a list that stand where the verb fits."""
        return sum(self._store.count_flows(each) for each in _where_it_fits(verb, flow_filter))

    def apply(
        self,
        verb: str,
        flow_filter: FlowFilter,
        *,
        reason: str = "",
        by: str | None = None,
        watch: Callable[[Applied], None] = watched,
    ) -> Applied:
        """Ask the same (cancel, pause, resume, retry or revert) of all flows of a list that stand where it fits.

        It goes in transactions of a hundred flows; `watch` is called after each, and what it raises stops the rest, as
        does Ctrl-C: what was asked by then stands. Flows that come meanwhile are not meant.
        """
        request = self._request(verb, reason, by)
        applied = Applied()
        for batch in self._batches(_where_it_fits(verb, flow_filter)):
            applied = self._ask_all(batch, request, applied)
            self._ring()
            watch(applied)
        return applied

    def pause_queue(self, flow_class: str, user: str = "", *, reason: str = "", by: str | None = None) -> QueuePause:
        """Let no flow of a class start, or none of one user in it, until `resume_queue`. What runs already goes on.

        Raises InputError if it is paused already.
        """
        pause = self._queue_pause("pause", (flow_class, user), reason, by)
        if not self._store.pause_queue(pause):
            raise InputError(f"{_named(pause)} is paused already; see `pauses`")
        self._ring()
        return pause

    def resume_queue(self, flow_class: str, user: str = "", *, reason: str = "", by: str | None = None) -> None:
        """Let the flows of a class, or of one user in it, start again; raise InputError if it is not paused."""
        pause = self._queue_pause("resume", (flow_class, user), reason, by)
        if not self._store.resume_queue(pause):
            known = ", ".join(_named(each) for each in self._store.pauses()) or "nothing"
            raise InputError(f"{_named(pause)} is not paused; paused: {known}")
        self._ring()

    def pauses(self) -> Sequence[QueuePause]:
        """List the queues and classes that are paused."""
        return self._store.pauses()

    def queue_requests(self) -> list[Request]:
        """List what people did to queues, classes and limits, the oldest first."""
        return self._store.requests(0)

    def _queue_pause(self, verb: str, queue: tuple[str, str], reason: str, by: str | None) -> QueuePause:
        flow_class, user = queue
        flow_class = check_name("the class", flow_class)
        if user:
            user = check_name("the user", user)
        request = self._request(verb, reason, by)
        return QueuePause(flow_class, user, request.asked_by, reason, request.asked_at)

    def _batches(self, filters: Sequence[FlowFilter]) -> Iterator[list[FlowSummary]]:
        for each in filters:
            before: int | None = None
            while found := self._store.find_flows(each, before, BATCH):
                yield found
                before = found[-1].offset

    def _ask_all(self, flows: Sequence[FlowSummary], request: Request, applied: Applied) -> Applied:
        now = replace(request, asked_at=self._clock.now())
        told = self._store.ask([(flow.offset, now) for flow in flows])
        refusals = [each.refusal for each in told if each.refusal or each.stand is None]
        return Applied(
            flows=applied.flows + len(told),
            asked=applied.asked + len(told) - len(refusals),
            refused=applied.refused + len(refusals),
            refusal=Counter(refusals).most_common(1)[0][0] if refusals else applied.refusal,
        )


def _where_it_fits(verb: str, flow_filter: FlowFilter) -> list[FlowFilter]:
    """Return a filter for each status in which the verb fits: so a list never goes through flows that are done."""
    if verb not in BULK:
        raise InputError(f"verb: {verb!r}; of many flows one may ask {', '.join(BULK)}")
    fits = [status for status in FITS[verb] if status is not FlowStatus.CANCELLING]
    wanted = flow_filter.status
    if wanted is None:
        return [replace(flow_filter, status=status) for status in fits]
    if wanted not in fits:
        raise InputError(f"status: {verb} is for flows that are {' or '.join(fits)}, not {wanted}")
    return [flow_filter]


def _named(pause: QueuePause) -> str:
    of_class = f"class {pause.flow_class!r}"
    return f"queue of user {pause.user!r} in {of_class}" if pause.user else of_class
