"""Parts of a task: what cannot be told by the order of events alone."""

from __future__ import annotations

import json

import pytest

from tests.model.flows import on_disk, recovered, scheme_of, started, tell
from theflow.errors import IllegalEvent
from theflow.model.decide import decide
from theflow.model.mapping import Map
from theflow.model.message import (
    EndSubflows,
    InputBuilt,
    RoundJudged,
    RunTask,
    StartSubflow,
    StopParts,
    SubflowEnded,
    TaskChosen,
    TaskSucceeded,
)
from theflow.model.repetition import Repeat
from theflow.model.retry import Retry
from theflow.model.scheme import FlowScheme
from theflow.model.status import AttemptStatus, FlowStatus, TaskStatus
from theflow.model.subflow import rests, waiting
from theflow.model.task import Task


def test_a_child_that_must_not_start_twice_and_was_lost_settles_as_an_error():
    scheme = scheme_of(m={"map": Map("lines", join="settle"), "at_most_once": True})
    rows = [on_disk("m", TaskStatus.RUNNING, given=(b"1", b"2")), on_disk("m[0]", TaskStatus.RUNNING)]
    done = on_disk("m[1]", TaskStatus.SUCCEEDED, result=b"7")
    flow = recovered(scheme, *rows, done).flow
    assert flow.status is FlowStatus.SUCCEEDED
    lost, good = json.loads(flow.plan.states[0].result)
    assert (lost["error"]["type"], good) == ("OutcomeUnknown", {"result": 7})


def test_the_outcome_of_a_part_of_another_task_is_none_of_a_flow():
    scheme = scheme_of(m={"map": "lines"})
    flow = recovered(scheme, on_disk("m", TaskStatus.RUNNING, given=(b"1",))).flow
    assert flow.part("m[0]") is not None
    assert flow.part("m[1]") is None
    assert flow.part("x[0]") is None
    assert flow.part(TaskSucceeded("m", 1, b"1", None, 0, 0).name) is None


def test_a_round_gets_what_the_one_before_it_returned_also_after_a_crash():
    scheme = FlowScheme("order")
    scheme.add(lambda r: r, name="r", repeat=Repeat(until=lambda r: r == 9, max=9))
    rows = [on_disk("r", TaskStatus.RUNNING), on_disk("r[3]", TaskStatus.SUCCEEDED, result=b"7")]
    flow, commands, *_ = recovered(scheme, *rows, on_disk("r[4]", TaskStatus.PENDING))
    (again,) = [command.task for command in commands if isinstance(command, RunTask)]
    assert (again.name, again.result_of("r")) == ("r[4]", b"7")
    flow = decide(flow, TaskSucceeded("r[4]", again.attempt, b"8", None, 0, 0), 0).flow
    fifth = decide(flow, RoundJudged("r[4]", again=True), 0).commands[0].task
    assert (fifth.name, fifth.result_of("r")) == ("r[5]", b"8")


def test_the_first_round_has_no_round_before_it():
    scheme = FlowScheme("order")
    scheme.add(lambda r: r, name="r", repeat=Repeat(until=lambda r: r == 9, max=9))
    flow = tell(started(scheme), TaskChosen("r"))
    assert Task(flow, scheme.tasks["r"], 1, 0).result_of("r") is None
    assert scheme.tasks["r"].after == ()


def test_a_part_that_nobody_needs_any_more_begins_no_sub_flow():
    scheme = FlowScheme("order")
    scheme.subflow("other", name="m", input=nothing, map=Map(lambda: [0, 1], join="any"))
    flow = tell(started(scheme), TaskChosen("m", (b"0", b"1")), built("m[0]"))
    flow, commands, *_ = decide(flow, ended("m[0]", FlowStatus.SUCCEEDED), 0)
    assert commands == [StopParts(("m[1]",))]
    late = decide(flow, built("m[1]"), 0)
    assert late.flow.status is FlowStatus.SUCCEEDED
    assert [record.status for record in late.attempts] == [AttemptStatus.CANCELLED]
    assert not any(isinstance(command, StartSubflow) for command in late.commands)


def test_what_is_under_way_of_a_task_that_failed_is_ended_and_waited_for():
    scheme = FlowScheme("order")
    scheme.subflow("other", name="m", input=nothing, map=Map(lambda: [0, 1]))
    flow = tell(started(scheme), TaskChosen("m", (b"0", b"1")), built("m[0]"), built("m[1]"))
    assert rests(flow)
    flow, commands, *_ = decide(flow, ended("m[1]", FlowStatus.FAILED), 0)
    assert commands == [EndSubflows(("m[0]",))]
    assert (flow.status, rests(flow), waiting(flow)) == (FlowStatus.RUNNING, True, [("m[0]", 1)])
    assert tell(flow, ended("m[0]", FlowStatus.CANCELLED)).status is FlowStatus.FAILED


def test_a_flow_of_which_a_part_waits_for_a_retry_does_not_rest():
    scheme = FlowScheme("order")
    scheme.subflow("other", name="m", input=nothing, map=Map(lambda: [0, 1]), retry=Retry(attempts=2))
    flow = tell(started(scheme), TaskChosen("m", (b"0", b"1")), built("m[0]"), built("m[1]"))
    assert not rests(tell(flow, ended("m[0]", FlowStatus.FAILED)))


def test_the_end_of_a_sub_flow_that_no_part_waits_for_is_refused():
    scheme = FlowScheme("order")
    scheme.subflow("other", name="m", input=nothing, map=Map(lambda: [0]))
    flow = tell(started(scheme), TaskChosen("m", (b"0",)))
    for name in ("m", "m[0]", "m[1]", "x"):
        with pytest.raises(IllegalEvent, match="flow f-1"):
            decide(flow, ended(name, FlowStatus.SUCCEEDED), 0)


def built(name: str) -> InputBuilt:
    """The body returned what the sub-flow of a part begins with."""
    return InputBuilt(name, 1, b"{}", "ann", 0, 0)


def ended(name: str, status: FlowStatus) -> SubflowEnded:
    """The sub-flow of a part has ended."""
    return SubflowEnded(name, 1, "below", status, b"{}", "")


def nothing() -> dict[str, int]:
    """What a sub-flow begins with that needs no input."""
    return {}
