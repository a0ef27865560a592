"""What the ends of sub-flows, and inputs that come too late, do to a task that is done in parts."""

from __future__ import annotations

from tests.property.story import body, pending
from tests.property.watch import Watch
from theflow.model.flow import Flow
from theflow.model.mapping import Map
from theflow.model.message import Cancel, Event, InputBuilt, Pause, Started, SubflowEnded, TaskChosen, TaskSkipped
from theflow.model.scheme import FlowScheme
from theflow.model.status import FlowStatus, TaskStatus

BEGUN: tuple[Event, ...] = (Started(), TaskChosen("m", (b"0", b"1")), InputBuilt("m[0]", 1, b"{}", "ann", 0, 0))
# The first is enough; the body that builds the input of the second still runs.
ENOUGH: tuple[Event, ...] = (*BEGUN, SubflowEnded("m[0]", 1, "below", FlowStatus.SUCCEEDED, b"{}", ""))
TOO_LATE = InputBuilt("m[1]", 1, b"{}", "ann", 0, 0)


def divide(watch: Watch) -> None:
    """A sub-flow for each of two items, of which one is enough, or all are needed."""
    assert live(watch, mapped("any"), *ENOUGH, TOO_LATE).status is FlowStatus.SUCCEEDED
    followed = mapped("any")
    followed.add(body, name="f", after=["m"])
    assert live(watch, followed, *ENOUGH, TOO_LATE).plan.states[1].status is TaskStatus.RUNNING
    assert live(watch, followed, *ENOUGH, Pause("by ann"), TOO_LATE).status is FlowStatus.PAUSED
    followed = mapped("any")
    followed.add(body, name="q", when=lambda: False)
    followed.add(body, name="f", after=["m", "q"])
    flow = live(watch, followed, Started(), TaskSkipped("q"), *ENOUGH[1:], TOO_LATE)
    assert flow.plan.states[2].status is TaskStatus.SKIPPED
    for end, outcome in ((FlowStatus.SUCCEEDED, TaskStatus.SUCCEEDED), (FlowStatus.FAILED, TaskStatus.FAILED)):
        assert live(watch, mapped("all"), *BEGUN, TOO_LATE, *both(end)).plan.states[0].status is outcome
    flow = live(watch, mapped("all"), *BEGUN, TOO_LATE, Cancel("by ann"), *both(FlowStatus.CANCELLED))
    assert (flow.status, flow.plan.states[0].status) == (FlowStatus.CANCELLED, TaskStatus.CANCELLED)


def mapped(join: str) -> FlowScheme:
    """A flow with a sub-flow for each item."""
    scheme = FlowScheme("story")
    scheme.subflow("other", input=body, name="m", map=Map(lambda: [0, 1], join=join))
    return scheme


def both(end: FlowStatus) -> list[SubflowEnded]:
    """Both sub-flows end so."""
    return [SubflowEnded(name, 1, "below", end, b"{}", "") for name in ("m[0]", "m[1]")]


def live(watch: Watch, scheme: FlowScheme, *events: Event) -> Flow:
    """Live through these events."""
    flow = Flow.from_data(pending(), scheme)
    for event in events:
        flow = watch.cross(flow, event, 0).flow
    return flow
