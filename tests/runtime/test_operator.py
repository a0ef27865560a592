"""What people do to one flow by hand, on every store: it is the same run that goes on, and all is on record."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass

import pytest

from tests.runtime.works import until
from theflow import AttemptStatus, Chain, Client, Context, FlowScheme, FlowStatus, Retry, TaskStatus
from theflow.errors import DataRefused, FlowNotFound, InputError
from theflow.model.view import DONE

SUCCEEDED, FAILED, PAUSED = FlowStatus.SUCCEEDED, FlowStatus.FAILED, FlowStatus.PAUSED


@dataclass
class Trip:
    """What the bodies of a line read and write."""

    city: str = "Rome"
    nights: int = 1


class Line:
    """A chain of three tasks; each fails as long as it stands in `broken`, and waits as long as it stands in `held`."""

    def __init__(self, works, **options):
        self.broken, self.ran, self.hooks = set(), [], []
        self.held, self.begun = {}, Counter()
        self.scheme = FlowScheme("line", storage=Trip, orchestration=Chain)
        for name in ("book", "pay", "tell"):
            self.scheme.add(self.body(name), name=name, **options)
        self.scheme.on_failure(lambda: self.hooks.append("failed"))
        self.client = Client(works.store, [self.scheme])
        self.works = works

    def body(self, name):
        def run(trip: Trip, ctx: Context[Trip]) -> str:
            self.begun[name] += 1
            while name in self.held and not ctx.cancelled:
                self.held[name].wait(0.01)
            self.ran.append(name)
            if name in self.broken:
                raise OSError(name)
            return f"{name} {trip.city}"

        return run

    def submit(self):
        return self.works.submit(self.scheme)

    def start(self, **options):
        return self.works.start(self.scheme, **options)

    def failed(self):
        """A flow whose second task has failed."""
        self.broken.add("pay")
        flow = self.submit()
        assert flow.wait(10).status is FAILED
        return flow

    def done(self, flow, request):
        """Wait until a request is done."""
        answer = self.client.heard(flow.flow_id, request, 10)
        assert answer.answer == DONE


@pytest.fixture
def line(works):
    return Line(works)


def test_a_failed_flow_goes_on_where_it_failed_and_keeps_what_was_done(line):
    line.start()
    flow = line.failed()
    line.broken.clear()
    request = line.client.retry(flow.flow_id, reason="the bank is back", by="ann")
    ended = until(lambda: flow.get().status is SUCCEEDED and flow.get())
    assert line.ran == ["book", "pay", "pay", "tell"]
    assert (ended.task("pay").attempt, ended.task("pay").status, ended.reason) == (2, TaskStatus.SUCCEEDED, "")
    (kept,) = ended.requests
    assert (kept.verb, kept.asked_by, kept.reason, kept.answer) == ("retry", "ann", "the bank is back", DONE)
    assert kept.handled_at >= kept.asked_at == request.asked_at
    assert next(each.status for each in line.client.attempts(flow.flow_id, task="pay")) is AttemptStatus.FAILED


def test_a_flow_that_fails_again_runs_its_hook_again(line):
    line.start()
    flow = line.failed()
    until(lambda: line.hooks == ["failed"])
    line.client.retry(flow.flow_id, ["pay"])
    until(lambda: line.hooks == ["failed", "failed"])
    assert flow.get().status is FAILED
    assert line.ran == ["book", "pay", "pay"]


def test_a_cancelled_flow_is_retried(line):
    flow = line.submit()
    line.held["book"] = threading.Event()
    line.start()
    until(lambda: line.begun["book"])
    flow.cancel()
    assert flow.wait(10).status is FlowStatus.CANCELLED
    line.held.clear()
    line.client.retry(flow.flow_id)
    assert until(lambda: flow.get().status is SUCCEEDED and flow.get()).ended_at


def test_a_task_and_all_behind_it_run_again(line):
    line.start()
    flow = line.submit()
    flow.wait(10)
    line.client.retry_from(flow.flow_id, "pay")
    until(lambda: line.ran == ["book", "pay", "tell", "pay", "tell"])
    ended = until(lambda: flow.get().status is SUCCEEDED and flow.get())
    assert [task.attempt for task in ended.tasks] == [1, 2, 2]


def test_a_failed_task_is_skipped_and_its_result_is_what_was_given(line):
    line.start()
    flow = line.failed()
    line.client.skip(flow.flow_id, "pay", "paid by hand")
    ended = until(lambda: flow.get().status is SUCCEEDED and flow.get())
    assert ended.task("pay").result == "paid by hand"
    assert line.ran == ["book", "pay", "tell"]


def test_a_flow_that_has_not_started_starts_without_what_was_skipped(line):
    flow = line.submit()
    line.client.skip(flow.flow_id, "book", "booked by hand")
    line.client.edit_storage(flow.flow_id, {"city": "Oslo"})
    line.start()
    ended = flow.wait(10)
    assert line.ran == ["pay", "tell"]
    assert (ended.task("book").result, ended.task("pay").result) == ("booked by hand", "pay Oslo")
    assert [request.answer for request in ended.requests] == [DONE, DONE]


def test_a_body_that_runs_is_not_heard_once_its_task_is_marked_done(line):
    line.held["pay"] = threading.Event()
    line.start()
    flow = line.submit()
    until(lambda: line.begun["pay"])
    line.client.mark_done(flow.flow_id, "pay", "seen on the account")
    ended = flow.wait(10)
    assert ended.task("pay").result == "seen on the account"
    assert ended.status is SUCCEEDED


def test_a_task_that_is_marked_failed_fails_its_flow(line):
    line.held["pay"] = threading.Event()
    line.start()
    flow = line.submit()
    until(lambda: line.begun["pay"])
    line.client.mark_failed(flow.flow_id, "pay", "the bank said no", by="ann")
    ended = flow.wait(10)
    assert (ended.status, ended.task("pay").status) == (FAILED, TaskStatus.FAILED)
    assert ended.task("pay").error.message == "marked failed by ann: the bank said no"


def test_a_wait_for_a_retry_is_cut_short(works):
    line = Line(works, retry=Retry(attempts=2, delay=3600.0))
    line.broken.add("book")
    line.start()
    flow = line.submit()
    until(lambda: flow.get().task("book").status is TaskStatus.RETRYING)
    line.broken.clear()
    line.client.run_now(flow.flow_id, "book")
    assert flow.wait(10).task("book").attempt == 2


def test_a_delayed_flow_is_due_at_once(works, line):
    flow = works.submit(line.scheme, run_at=2**61)
    line.start()
    assert line.client.run_now(flow.flow_id).answer == DONE
    assert flow.wait(10).status is SUCCEEDED


def test_a_flow_that_is_paused_rests_when_its_bodies_have_ended_and_goes_on_when_it_is_resumed(line):
    line.held["book"] = threading.Event()
    line.start()
    flow = line.submit()
    until(lambda: line.begun["book"])
    line.client.pause(flow.flow_id, "maintenance", by="ann")
    until(lambda: flow.get().status is FlowStatus.PAUSING)
    line.held.clear()
    rests = until(lambda: flow.get().status is PAUSED and flow.get())
    assert (line.ran, rests.runtime, rests.reason) == (["book"], None, "paused by ann: maintenance")
    line.client.resume(flow.flow_id)
    assert flow.wait(10).status is SUCCEEDED
    assert line.ran == ["book", "pay", "tell"]


def test_a_paused_flow_is_mended_while_it_rests(line):
    flow = line.submit()
    assert line.client.pause(flow.flow_id).answer == DONE
    line.start()
    line.done(flow, line.client.skip(flow.flow_id, "book", "booked by hand"))
    line.done(flow, line.client.edit_storage(flow.flow_id, {"city": "Oslo"}))
    rests = flow.get()
    assert (rests.status, rests.storage.city, rests.task("book").result) == (PAUSED, "Oslo", "booked by hand")
    line.client.resume(flow.flow_id)
    assert flow.wait(10).status is SUCCEEDED
    assert line.ran == ["pay", "tell"]


def test_a_paused_flow_holds_nobody_of_its_queue_back(line):
    first, second = line.submit(), line.submit()
    line.client.pause(first.flow_id)
    line.start()
    assert second.wait(10).status is SUCCEEDED
    assert first.get().status is PAUSED


def test_a_flow_is_retried_although_its_storage_was_edited_while_it_had_failed(line):
    line.start()
    flow = line.failed()
    ended_at = flow.get().ended_at
    line.done(flow, line.client.edit_storage(flow.flow_id, {"city": "Oslo"}))
    assert (flow.get().status, flow.get().storage.city, flow.get().ended_at) == (FAILED, "Oslo", ended_at)
    assert len(line.hooks) == 1
    line.broken.clear()
    line.client.retry(flow.flow_id)
    assert until(lambda: flow.get().status is SUCCEEDED and flow.get()).task("pay").result == "pay Oslo"


def test_what_does_not_fit_the_storage_changes_nothing(works, line):
    flow = line.submit()
    with pytest.raises(DataRefused, match="nights"):
        line.client.edit_storage(flow.flow_id, {"city": "Oslo", "nights": "two"})
    with pytest.raises(DataRefused, match="no such field"):
        line.client.edit_storage(flow.flow_id, {"country": "Norway"})
    # A client without the scheme cannot know; the runtime does.
    request = works.client.edit_storage(flow.flow_id, {"city": "Oslo", "nights": "two"})
    line.start()
    ended = flow.wait(10)
    assert ended.storage.city == "Rome"
    assert "nights" in line.client.heard(flow.flow_id, request, 1).answer


def test_what_does_not_fit_a_flow_is_refused_at_once(line):
    line.start()
    flow = line.submit()
    flow.wait(10)
    with pytest.raises(InputError, match="is succeeded; retry is for flows that are failed or cancelled"):
        line.client.retry(flow.flow_id)
    with pytest.raises(InputError, match="has no task 'fly'; its tasks are 'book', 'pay', 'tell'"):
        line.client.retry_from(flow.flow_id, "fly")
    with pytest.raises(FlowNotFound):
        line.client.pause("nobody")
    failed = line.failed()
    with pytest.raises(InputError, match="task 'book' is succeeded; skip is for tasks that are"):
        line.client.skip(failed.flow_id, "book")
