"""Hears what people ask of flows in hand: decided on before anything else of a turn, and answered in its commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from theflow.database.batch import AnswerRow
from theflow.errors import IllegalEvent, InputError
from theflow.model.decide import decide
from theflow.model.flow import Flow
from theflow.model.message import Dismiss, Event, Park, Pause, Recovered, Resume, Started
from theflow.model.status import PAUSES, FlowStatus
from theflow.model.verb import CANCELLED_BEFORE, misfit
from theflow.model.view import DONE, Request
from theflow.runtime.flow_work import FlowWork
from theflow.runtime.verbs import event_of
from theflow.runtime.work import Work

_STARTED = Started()
_CANCELS = (FlowStatus.CANCELLING, FlowStatus.CANCELLED)
_TO_END = (FlowStatus.CANCELLING, FlowStatus.REVERTING)


class Coming(NamedTuple):
    """A flow that comes with requests. `trouble` says why it cannot run, `readable` that its rows can be read."""

    offset: int
    requests: Sequence[Request]
    trouble: str
    readable: bool


class Hearing:
    """Remembers what is still to be heard; each request is heard once."""

    def __init__(self) -> None:
        self._held: dict[int, list[Request]] = {}
        self._coming: list[Coming] = []
        self._answered: set[int] = set()

    @property
    def waiting(self) -> bool:
        """Whether there is something to hear in the next turn."""
        return bool(self._held or self._coming)

    def bring(self, asked: Sequence[tuple[int, Request]]) -> None:
        """Take in all that is asked of flows in hand, as the database has it now."""
        # What was answered and is there no more has been saved.
        self._answered.intersection_update([request.id for _, request in asked])
        self._held.clear()
        for offset, request in asked:
            if request.id not in self._answered:
                self._held.setdefault(offset, []).append(request)

    def come(self, coming: Coming) -> None:
        """Take in a flow that has just come, for what was asked of it before."""
        self._coming.append(coming)

    def forget(self) -> None:
        """Nothing is in hand any more."""
        self._held.clear()
        self._coming.clear()
        self._answered.clear()

    def decide(self, work: Work, flows: Mapping[int, Flow], now: int) -> None:
        """Decide on what waits: all that comes along with a flow, and one request of each that was in hand before.

        The next one is for the next turn: what the first has started must have been saved, and have begun.
        """
        coming, self._coming = self._coming, []
        for each in coming:
            flow = flows.get(each.offset)
            if flow is not None:
                self._receive(work.of(flow), each, now)
        for offset in list(self._held):
            flow = flows.get(offset)
            requests = [one for one in self._held.pop(offset) if one.id not in self._answered]
            if flow is None or not requests or offset in work.flows:
                continue
            self._hear(work.of(flow), requests[0], now)
            if requests[1:]:
                self._held[offset] = requests[1:]

    def _receive(self, mine: FlowWork, coming: Coming, now: int) -> None:
        """Let a flow come to rest, do to it what was asked, and let it go on if it is to."""
        flow = mine.flow
        mine.came = _STARTED if flow.status is FlowStatus.PENDING else Recovered()
        if not coming.readable:
            for request in coming.requests:
                self._answer(mine, request, f"refused: {coming.trouble}", now)
            mine.add(decide(flow, Dismiss() if flow.status.ended else Park(coming.trouble), now))
            return
        if flow.status is FlowStatus.PENDING:
            mine.flow = flow._replace(status=FlowStatus.PAUSED)
        elif not flow.status.ended:
            if flow.status not in _TO_END:
                mine.flow = flow._replace(status=FlowStatus.PAUSING)
            asked = flow.data.revert
            mine.add(decide(mine.flow, Recovered() if asked is None else event_of(asked, flow), now))
        _Reception(self, mine, coming, now).run()

    def _hear(self, mine: FlowWork, request: Request, now: int) -> None:
        """Do to a flow what was asked, or say why not."""
        flow = mine.flow
        # That a flow is a fork has been done by whoever made it; here it is only let go on.
        if request.verb == "fork" or (request.verb == "cancel" and _is_to_end(mine)):
            self._answer(mine, request, DONE, now)
            return
        try:
            if request.verb == "revert":
                # The machine takes it from a flow that is reverting, too: that is how it goes on after a crash.
                _refuse_twice(request, flow)
            decision = decide(flow, event_of(request, flow), now)
        except (IllegalEvent, InputError) as error:
            why = misfit(request.verb, flow.flow_id, flow.status) or str(error)
            self._answer(mine, request, f"refused: {why}", now)
            return
        mine.add(decision)
        mine.take_back(flow, decision)
        self._answer(mine, request, DONE, now)

    def _answer(self, mine: FlowWork, request: Request, answer: str, now: int) -> None:
        self._answered.add(request.id)
        counted = request.verb != "cancel"
        mine.answers = (*mine.answers, AnswerRow(mine.flow.offset, request.id, now, answer, counted))


def _is_to_end(mine: FlowWork) -> bool:
    """Whether a flow ends already because somebody asked for it."""
    return FlowStatus.CANCELLING in (mine.before.status, mine.flow.status) or mine.flow.status in _CANCELS


def _refuse_twice(request: Request, flow: Flow) -> None:
    if flow.status is FlowStatus.REVERTING:
        raise IllegalEvent(misfit(request.verb, flow.flow_id, flow.status))


class _Reception:
    """What is done to one flow that has come with requests, while it rests."""

    def __init__(self, hearing: Hearing, mine: FlowWork, coming: Coming, now: int) -> None:
        self._hearing = hearing
        self._mine = mine
        self._coming = coming
        self._now = now
        self._stand = mine.before.status
        self._rests = self._stand in PAUSES
        self._park = mine.before.reason if self._stand is FlowStatus.PARKED else coming.trouble

    def run(self) -> None:
        """Hear one request after the other; when the flow has begun to go on, those that are left come later."""
        at_hand = self._mine.flow.status  # while sub-flows of it are under way, a flow that is to rest is pausing
        for request in self._still_to_hear():
            if at_hand in PAUSES and request.verb in ("pause", "resume"):
                self._rest_or_not(request)
            else:
                self._hearing._hear(self._mine, request, self._now)  # noqa: SLF001 - its other half
            if self._mine.flow.status is not at_hand:
                return
        event = self._last_event()
        if event is not None:
            self._mine.add(decide(self._mine.flow, event, self._now))

    def _still_to_hear(self) -> Sequence[Request]:
        """Return what is to be heard: nothing that was asked before a cancel, or a flow would go on that is to end."""
        requests = self._coming.requests
        last = max((number for number, request in enumerate(requests) if request.verb == "cancel"), default=0)
        for request in requests[:last]:
            if request.verb != "cancel":
                self._hearing._answer(self._mine, request, CANCELLED_BEFORE, self._now)  # noqa: SLF001 - its other half
        return [one for number, one in enumerate(requests) if number >= last or one.verb == "cancel"]

    def _rest_or_not(self, request: Request) -> None:
        if request.verb == "pause":
            try:
                self._mine.add(decide(self._mine.flow, Pause(request.line()), self._now))
            except IllegalEvent as error:
                # It is in hand at rest, and has failed: it is to end.
                self._hearing._answer(self._mine, request, f"refused: {error}", self._now)  # noqa: SLF001 - its other half
                return
        else:
            self._park = ""
        self._rests = request.verb == "pause"
        self._hearing._answer(self._mine, request, DONE, self._now)  # noqa: SLF001 - its other half

    def _last_event(self) -> Event | None:
        """Return what is due once everything was heard."""
        flow = self._mine.flow
        if flow.status in PAUSES:
            if self._rests:
                return None
            return Park(self._park) if self._park else Resume()
        if not self._stand.ended:
            return None
        return Dismiss() if flow.data.reopened or flow.status is FlowStatus.CANCELLED else Recovered()
