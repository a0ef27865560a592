"""What a flow did is undone: after a failure, after a cancel, and when a person asks for it, on every store."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest

from tests.runtime.works import one_task, until
from theflow import AttemptStatus, Context, FlowScheme, FlowStatus, Retry, TaskStatus, Undo
from theflow.errors import InputError

REVERTED, FAILED = FlowStatus.REVERTED, FlowStatus.REVERT_FAILED


@dataclass
class Trip:
    """What was booked, and is booked no more."""

    booked: list[str] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)


class Agency:
    """Books a flight, then a car and a hotel beside each other, then a ticket; any of them may fail."""

    def __init__(self, works, *, fails="", stubborn="", **policy):
        self.works = works
        self.told = {}
        self.failed = threading.Event()
        self.scheme = FlowScheme("trip", storage=Trip, **policy)
        self.fails, self.stubborn = fails, stubborn
        for name, after in (("flight", []), ("stamp", ["flight"]), ("hotel", ["stamp"]), ("ticket", ["hotel"])):
            task = self.scheme.add(self.book(name), name=name, after=after)
            if name != "stamp":
                task.compensate(self.cancel(name), retry=Retry(attempts=2, delay=0.0))
        self.scheme.on_failure(self.failed.set)

    def book(self, name):
        def body(trip: Trip) -> str:
            if name == self.fails:
                raise OSError("sold out")
            trip.booked.append(name)
            return f"no {name}"

        return body

    def cancel(self, name):
        def body(ctx: Context[Trip], undo: Undo, flight: str, trip: Trip) -> None:
            self.told[name] = (undo, flight, ctx.idempotency_key)
            ctx.log.info("cancelling %s", name)
            if name == self.stubborn:
                raise OSError("no refund")
            trip.undone.append(name)

        return body

    def run(self):
        """Let one flow run to its end."""
        return self.works.run(self.scheme)


def test_a_flow_that_fails_undoes_what_it_did_in_reverse_order(works):
    agency = Agency(works, fails="ticket", on_failure="rollback")
    flow = agency.run()
    assert (flow.status, flow.storage.undone) == (REVERTED, ["hotel", "flight"])
    assert flow.reason == "task 'ticket' failed: OSError: sold out"
    assert [task.undo and task.undo.status for task in flow.tasks] == [TaskStatus.SUCCEEDED, None, "succeeded", None]
    assert flow.task("ticket").status is TaskStatus.FAILED
    assert agency.failed.wait(10)


def test_a_compensation_is_told_why_and_gets_results_and_a_key_of_its_own(works):
    agency = Agency(works, fails="ticket", on_failure="rollback")
    flow = agency.run()
    undo = Undo(reason="task 'ticket' failed: OSError: sold out", unknown=False, task="hotel")
    assert agency.told["hotel"] == (undo, "no flight", f"{flow.flow_id}/hotel/undo")
    assert [line.message for line in works.client.logs(flow.flow_id, task="hotel/undo")] == ["cancelling hotel"]
    assert [each.number for each in works.client.attempts(flow.flow_id, task="hotel/undo")] == [1]


def test_without_that_policy_a_flow_that_fails_stops(works):
    agency = Agency(works, fails="ticket")
    flow = agency.run()
    assert (flow.status, flow.storage.undone, agency.told) == (FlowStatus.FAILED, [], {})


def test_a_flow_that_succeeded_is_undone_when_somebody_asks(works):
    agency = Agency(works)
    flow = agency.run()
    works.client.revert(flow.flow_id, reason="rain", by="ann")
    ended = works.client.wait(flow.flow_id, 10)
    assert (ended.status, ended.reason) == (REVERTED, "reverted by ann: rain")
    assert ended.storage["undone"] == ["ticket", "hotel", "flight"]
    assert not agency.failed.is_set()
    assert [(each.verb, each.asked_by, each.payload) for each in ended.requests] == [("revert", "ann", {})]


def test_a_flow_is_undone_back_to_a_task_which_stays_and_then_whole(works):
    agency = Agency(works)
    flow = agency.run()
    works.client.revert(flow.flow_id, "stamp", by="ann")
    part = works.client.wait(flow.flow_id, 10)
    assert (part.reason, part.storage["undone"]) == ("reverted to 'stamp' by ann", ["ticket", "hotel"])
    assert part.task("flight").undo is None
    works.client.revert(flow.flow_id)
    assert works.client.wait(flow.flow_id, 10).storage["undone"] == ["ticket", "hotel", "flight"]


def test_a_compensation_that_fails_for_good_holds_back_what_came_before(works):
    flow = Agency(works, fails="ticket", stubborn="hotel", on_failure="rollback").run()
    assert flow.status is FAILED
    assert flow.reason == "task 'ticket' failed: OSError: sold out; task 'hotel' could not be undone"
    stuck = flow.task("hotel").undo
    assert (stuck.status, stuck.attempt, stuck.error.message) == (TaskStatus.FAILED, 2, "no refund")
    assert flow.task("flight").undo.status is TaskStatus.PENDING
    assert flow.task("hotel").error is None


@pytest.mark.parametrize("verb", ["resume", "revert"])
def test_what_could_not_be_undone_is_tried_again_when_somebody_asks(works, verb):
    agency = Agency(works, fails="ticket", stubborn="hotel", on_failure="rollback")
    flow = agency.run()
    with pytest.raises(InputError, match="revert it without `to`"):
        works.client.revert(flow.flow_id, "flight")
    agency.stubborn = ""
    getattr(works.client, verb)(flow.flow_id, reason="mended", by="ann")
    ended = works.client.wait(flow.flow_id, 10)
    assert (ended.status, ended.storage["undone"]) == (REVERTED, ["hotel", "flight"])
    assert ended.reason == "reverted by ann: mended; it had failed: OSError: sold out"
    assert [each.number for each in works.client.attempts(flow.flow_id, task="hotel/undo")] == [1, 2, 3]


class Slow:
    """A task that lasts until it is told to end, after one that is done at once."""

    def __init__(self, works, **policy):
        self.begun = threading.Event()
        self.undone = {}
        self.scheme = FlowScheme("slow", **policy)
        for name, body, after in (
            ("quick", lambda: 1, []),
            ("long", self.last, ["quick"]),
            ("never", lambda: 3, ["long"]),
        ):
            self.scheme.add(body, name=name, after=after).compensate(self.undo)
        works.start(self.scheme)
        self.flow = works.submit(self.scheme)
        assert self.begun.wait(10)

    def last(self, ctx: Context[dict]) -> None:
        self.begun.set()
        while not ctx.cancelled:
            threading.Event().wait(0.005)
        ctx.checkpoint()

    def undo(self, undo: Undo) -> None:
        self.undone[undo.task] = undo.unknown


@pytest.mark.parametrize("verb", ["cancel", "revert"])
def test_a_flow_that_runs_is_stopped_and_undone(works, verb):
    slow = Slow(works, on_cancel="rollback")
    getattr(slow.flow, verb)(reason="enough")
    ended = slow.flow.wait(10)
    assert ended.status is REVERTED
    assert slow.undone == {"long": True, "quick": False}
    assert [task.undo and task.undo.unknown for task in ended.tasks] == [False, True, None]
    (attempt,) = works.client.attempts(ended.flow_id, task="long")
    assert attempt.status is AttemptStatus.CANCELLED


def test_a_cancel_undoes_nothing_where_the_flow_does_not_say_so(works):
    slow = Slow(works)
    slow.flow.cancel()
    assert slow.flow.wait(10).status is FlowStatus.CANCELLED
    assert slow.undone == {}
    slow.flow.revert()
    assert slow.flow.wait(10).status is REVERTED
    assert slow.undone == {"long": True, "quick": False}


def test_a_task_that_ran_out_of_time_is_undone_as_unknown(works):
    told = []
    release = threading.Event()
    scheme = FlowScheme("late", on_failure="rollback")
    task = scheme.add(lambda: release.wait(10), name="wait", timeout=0.05)

    @task.compensate
    def undo(undo: Undo) -> None:
        told.append(undo.unknown)

    assert works.run(scheme).status is REVERTED
    release.set()
    assert told == [True]


def test_a_flow_that_is_reverting_is_not_cancelled(works):
    release, begun = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        release.wait(10)

    made = FlowScheme("single")
    made.add(lambda: 1, name="only").compensate(wait)
    flow = works.run(made)
    works.client.revert(flow.flow_id)
    assert begun.wait(10)
    assert works.client.cancel(flow.flow_id) is FlowStatus.REVERTING
    with pytest.raises(InputError, match="is reverting"):
        works.client.revert(flow.flow_id)
    release.set()
    assert works.client.wait(flow.flow_id, 10).status is REVERTED


def test_what_does_not_fit_is_refused(works):
    pending = works.submit(one_task(lambda: 1))
    with pytest.raises(InputError, match="is pending; revert is for"):
        pending.revert()
    flow = Agency(works).run()
    with pytest.raises(InputError, match="has no task 'nowhere'; its tasks are 'flight', 'stamp'"):
        works.client.revert(flow.flow_id, "nowhere")
    assert until(lambda: works.client.get_flow(flow.flow_id)).requests == ()


def test_an_async_compensation_is_awaited(works):
    scheme = FlowScheme("later", on_failure="rollback")
    undone = []

    @scheme.task
    async def first() -> int:
        return 7

    @first.compensate
    async def take_back(first: int) -> None:
        undone.append(first)

    @scheme.task(after=[first])
    def fail() -> None:
        raise OSError("no")

    assert works.run(scheme).status is REVERTED
    assert undone == [7]


def test_whoever_watches_hears_what_is_undone(works):
    agency = Agency(works, fails="ticket", stubborn="hotel", on_failure="rollback")
    heard = []
    runtime = works.make(agency.scheme)
    runtime.subscribe(heard.append)
    runtime.start()
    works.submit(agency.scheme).wait(10)
    until(lambda: heard and heard[-1].kind == "flow_revert_failed")
    kinds = [(each.kind, each.task) for each in heard if each.task == "hotel/undo" or "flow" in each.kind]
    assert kinds == [
        ("undo_started", "hotel/undo"),
        ("flow_reverting", ""),
        ("undo_retrying", "hotel/undo"),
        ("undo_started", "hotel/undo"),
        ("undo_failed", "hotel/undo"),
        ("flow_revert_failed", ""),
    ]
