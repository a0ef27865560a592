"""Parts of a task: what cannot be told by the order of events alone."""

from __future__ import annotations

import json

from tests.model.flows import on_disk, recovered, scheme_of
from theflow.model.mapping import Map
from theflow.model.message import TaskSucceeded
from theflow.model.status import FlowStatus, TaskStatus


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
