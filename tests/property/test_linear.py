"""The cost of an event is that of the tasks it touches, however many tasks the flow has."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import pytest

from tests.property.story import body, pending
from theflow.model.decide import decide
from theflow.model.flow import Flow
from theflow.model.message import Decision, Event, Revert, RunTask, SetTimer, Started, TaskSkipped, TaskSucceeded
from theflow.model.orchestration import Chain
from theflow.model.scheme import FlowScheme
from theflow.model.status import FlowStatus
from theflow.model.task_scheme import TaskScheme
from theflow.runtime.flow_work import FlowWork

FEW, MANY = 300, 3000


@pytest.mark.parametrize("shape", ["wide", "chain", "pairs"])
def test_ten_times_the_tasks_are_ten_times_the_work(shape):
    few, many = SHAPES[shape](FEW), SHAPES[shape](MANY)
    assert calls_to_live(few) * 9 < calls_to_live(many) < calls_to_live(few) * 11


@pytest.mark.parametrize("shape", ["wide", "chain", "pairs"])
def test_ten_times_the_tasks_are_ten_times_the_work_to_undo_them(shape):
    few, many = (calls_to_undo(SHAPES[shape](count, undo=body)) for count in (FEW, MANY))
    assert few * 9 < many < few * 11


def test_ten_times_the_tasks_are_ten_times_the_definition():
    assert calls_of(lambda: wide(MANY).orchestration) < calls_of(lambda: wide(FEW).orchestration) * 11


def test_no_part_of_a_definition_is_copied_for_each_task():
    few, many = seconds_of(lambda: wide(500).orchestration), seconds_of(lambda: wide(10_000).orchestration)
    assert many < few * 100, "twenty times the tasks took more than a hundred times as long"


def test_no_part_of_a_turn_is_copied_for_each_of_its_events():
    few, many = seconds_of(lambda: turn(500)), seconds_of(lambda: turn(10_000))
    assert many < few * 100, "twenty times the events took more than a hundred times as long"


def test_ten_times_the_skips_before_one_task_are_ten_times_the_work():
    few, many = choices(FEW), choices(MANY)
    assert calls_of(lambda: skip_all(many)) < calls_of(lambda: skip_all(few)) * 11


def test_a_flow_of_ten_thousand_tasks_is_loaded_and_lived_through():
    assert live(wide(10_000)) is FlowStatus.SUCCEEDED


def turn(events: int) -> None:
    """What many events of one flow led to, gathered for one transaction."""
    flow = Flow.from_data(pending(), chain(2))
    work = FlowWork(flow)
    for number in range(events):
        work.add(Decision(flow, [SetTimer("t0", 1, number)], [number], []))
    assert len(work.touched) == len(work.commands) == events


def choices(count: int) -> FlowScheme:
    """A task that takes its time, many whose conditions do not hold, and one after all of them."""
    scheme = FlowScheme("choices")
    scheme.add(body, name="slow")
    names = [scheme.add(body, name=f"t{number}", when=lambda: False).name for number in range(count)]
    scheme.add(body, name="last", after=["slow", *names])
    return scheme


def skip_all(scheme: FlowScheme) -> None:
    """Live through it: the last task is skipped once the slow one has ended."""
    flow = decide(Flow.from_data(pending(), scheme), Started(), 0).flow
    for name in scheme.orchestration.after("last")[1:]:
        flow = decide(flow, TaskSkipped(name), 0).flow
    assert flow.status is FlowStatus.RUNNING
    assert decide(flow, TaskSucceeded("slow", 1, b"1", None, 0, 0), 0).flow.status is FlowStatus.SUCCEEDED


def wide(count: int, undo: Callable[[], None] | None = None) -> FlowScheme:
    """One task, then many at once, then one."""
    scheme = FlowScheme("wide")
    first = scheme.add(body, name="first")
    many = [scheme.add(body, name=f"t{number}", after=["first"]) for number in range(count)]
    return undone([first, *many, scheme.add(body, name="last", after=many)], undo, scheme)


def chain(count: int, undo: Callable[[], None] | None = None) -> FlowScheme:
    """One task after another."""
    scheme = FlowScheme("chain", orchestration=Chain)
    return undone([scheme.add(body, name=f"t{number}") for number in range(count)], undo, scheme)


def pairs(count: int, undo: Callable[[], None] | None = None) -> FlowScheme:
    """Each task after the two before it."""
    scheme = FlowScheme("pairs")
    tasks: list[TaskScheme] = []
    for number in range(count):
        tasks.append(scheme.add(body, name=f"t{number}", after=tasks[-2:]))
    return undone(tasks, undo, scheme)


def undone(tasks: list[TaskScheme], undo: Callable[[], None] | None, scheme: FlowScheme) -> FlowScheme:
    """The scheme, whose tasks can be undone if there is something that does it."""
    for task in tasks if undo else ():
        task.compensate(undo)
    return scheme


SHAPES = {"wide": wide, "chain": chain, "pairs": pairs}


def live(scheme: FlowScheme) -> FlowStatus:
    """Load a flow of the scheme and let every task succeed."""
    return live_on(Flow.from_data(pending(), scheme), Started()).status


def live_on(flow: Flow, event: Event) -> Flow:
    """Tell a flow something, and let succeed whatever begins."""
    events = [event]
    while events:
        decision = decide(flow, events.pop(), 0)
        flow = decision.flow
        tasks = [command.task for command in decision.commands if isinstance(command, RunTask)]
        events += [TaskSucceeded(task.name, task.attempt, b"null", None, 0, 0) for task in tasks]
    return flow


def calls_to_undo(scheme: FlowScheme) -> int:
    """Count the work to undo a flow of the scheme after its success."""
    flow = live_on(Flow.from_data(pending(), scheme), Started())
    assert live_on(flow, Revert("", "by ann")).status is FlowStatus.REVERTED
    return calls_of(lambda: live_on(flow, Revert("", "by ann")))


def calls_to_live(scheme: FlowScheme) -> int:
    """Count the work, not the time: a definition that is ready, its flow lived through."""
    assert len(scheme.orchestration.names) >= FEW
    return calls_of(lambda: live(scheme))


def seconds_of(work) -> float:
    """How long the processor took, the better of two times: for work that is done inside single calls."""
    taken = []
    for _ in range(2):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)


def calls_of(work) -> int:
    """How many functions were called."""
    calls = 0

    def count(_frame, event, _argument) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls
