"""The cost of an event is that of the tasks it touches, however many tasks the flow has."""

from __future__ import annotations

import sys
import time

import pytest

from tests.property.story import body, pending
from theflow.model.decide import decide
from theflow.model.flow import Flow
from theflow.model.message import RunTask, Started, TaskSucceeded
from theflow.model.orchestration import Chain
from theflow.model.scheme import FlowScheme
from theflow.model.status import FlowStatus

FEW, MANY = 300, 3000


@pytest.mark.parametrize("shape", ["wide", "chain", "pairs"])
def test_ten_times_the_tasks_are_ten_times_the_work(shape):
    few, many = SHAPES[shape](FEW), SHAPES[shape](MANY)
    assert calls_to_live(few) * 9 < calls_to_live(many) < calls_to_live(few) * 11


def test_ten_times_the_tasks_are_ten_times_the_definition():
    assert calls_of(lambda: wide(MANY).orchestration) < calls_of(lambda: wide(FEW).orchestration) * 11


def test_no_part_of_a_definition_is_copied_for_each_task():
    few, many = seconds_of(lambda: wide(500).orchestration), seconds_of(lambda: wide(10_000).orchestration)
    assert many < few * 100, "twenty times the tasks took more than a hundred times as long"


def test_a_flow_of_ten_thousand_tasks_is_loaded_and_lived_through():
    assert live(wide(10_000)) is FlowStatus.SUCCEEDED


def wide(count: int) -> FlowScheme:
    """One task, then many at once, then one."""
    scheme = FlowScheme("wide")
    scheme.add(body, name="first")
    names = [scheme.add(body, name=f"t{number}", after=["first"]).name for number in range(count)]
    scheme.add(body, name="last", after=names)
    return scheme


def chain(count: int) -> FlowScheme:
    """One task after another."""
    scheme = FlowScheme("chain", orchestration=Chain)
    for number in range(count):
        scheme.add(body, name=f"t{number}")
    return scheme


def pairs(count: int) -> FlowScheme:
    """Each task after the two before it."""
    scheme = FlowScheme("pairs")
    for number in range(count):
        scheme.add(body, name=f"t{number}", after=[f"t{before}" for before in range(max(0, number - 2), number)])
    return scheme


SHAPES = {"wide": wide, "chain": chain, "pairs": pairs}


def live(scheme: FlowScheme) -> FlowStatus:
    """Load a flow of the scheme and let every task succeed."""
    flow = Flow.from_data(pending(), scheme)
    events = [Started()]
    while events:
        decision = decide(flow, events.pop(), 0)
        flow = decision.flow
        tasks = [command.task for command in decision.commands if isinstance(command, RunTask)]
        events += [TaskSucceeded(task.name, task.attempt, b"null", None, 0, 0) for task in tasks]
    return flow.status


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
