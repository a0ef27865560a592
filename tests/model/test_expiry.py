"""A flow that was not to start any more when it was taken in hand ends, and nothing of it begins."""

from __future__ import annotations

import pytest

from theflow.errors import IllegalEvent
from theflow.model.decide import decide
from theflow.model.flow import Flow
from theflow.model.flow_data import FlowDataObject, TaskDataObject
from theflow.model.job import JobMeta, JobMetaObject
from theflow.model.message import Recovered, Release, Retry, Started
from theflow.model.scheme import FlowScheme
from theflow.model.status import FlowStatus, TaskStatus
from theflow.model.verb import EXPIRED

CANCELLED, PENDING, RUNNING = FlowStatus.CANCELLED, FlowStatus.PENDING, FlowStatus.RUNNING
BEGUN = TaskDataObject("a", TaskStatus.RUNNING, 1, 0, None, None, 5, None)


def flow(status: FlowStatus = PENDING, **data: object) -> Flow:
    """A flow of one task that has to start before 10."""
    scheme = FlowScheme("order", on_cancel="rollback")
    scheme.add(lambda: None, name="a")
    job = JobMetaObject(1, "f", 0, JobMeta(flow_class="order"))
    return Flow.from_data(FlowDataObject(job, 1, status, {}, expires_at=10, **data), scheme)


@pytest.mark.parametrize(("event", "given"), [(Started(), {}), (Recovered(), {"status": RUNNING, "started_at": 10})])
def test_one_that_is_taken_too_late_ends_and_leaves_its_queue(event, given):
    decision = decide(flow(**given), event, 10)
    after = decision.flow
    assert (after.status, after.ending, after.reason) == (CANCELLED, "expired", EXPIRED)
    assert (decision.commands, decision.touched, decision.attempts) == ([Release()], [], [])


@pytest.mark.parametrize(
    ("event", "given", "now"),
    [
        (Started(), {}, 9),
        (Recovered(), {"status": RUNNING, "started_at": 9}, 99),
        (Recovered(), {"status": RUNNING, "started_at": 10, "tasks": (BEGUN,)}, 99),
    ],
)
def test_one_that_was_taken_in_time_goes_on_however_long_it_takes(event, given, now):
    assert decide(flow(**given), event, now).flow.status is RUNNING


def test_one_that_has_expired_is_not_let_go_on():
    with pytest.raises(IllegalEvent, match="had not started when its time was up; fork it"):
        decide(flow(CANCELLED, reason=EXPIRED, ended_at=10), Retry(()), 20)
