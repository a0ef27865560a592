"""A body whose task has a heartbeat gives signs of life, or its attempt ends."""

from __future__ import annotations

import asyncio
import threading

import pytest

from tests.database.ledger import put
from tests.model.flows import scheme_of, started
from tests.runtime.works import one_task
from theflow import AttemptStatus, Context, FlowStatus, Retry
from theflow.model.task import Task
from theflow.runtime.attempt import Attempt
from theflow.runtime.heartbeats import Heartbeats


class Hours:
    """A clock that stands still until it is told, and calls what has become due, late if it is told so."""

    def __init__(self) -> None:
        self.time = 0.0
        self.calls: list[tuple[float, object, tuple[object, ...]]] = []

    def now(self) -> int:
        return int(self.time * 1_000_000)

    def monotonic(self) -> float:
        return self.time

    def call_later(self, seconds, act, *given) -> None:
        self.calls.append((self.time + seconds, act, given))

    def pass_to(self, time: float) -> None:
        """Let time pass, with every call at its time."""
        while due := [call for call in self.calls if call[0] <= time]:
            call = min(due, key=lambda each: each[0])
            self.calls.remove(call)
            self.time = max(self.time, call[0])
            call[1](*call[2])
        self.time = time


@pytest.fixture
def hours():
    return Hours()


@pytest.fixture
def attempt(hours):
    """An attempt of a task that has to give a sign every ten seconds."""
    return Attempt(Task.of(started(scheme_of(a={"heartbeat": 10})), "a", 1), hours)


@pytest.fixture
def silent():
    """The attempts that have fallen silent."""
    found: list[Attempt] = []
    return found


@pytest.fixture(autouse=True)
def heartbeats(hours, attempt, silent):
    """Listens to the attempt."""
    found = Heartbeats(hours, hours.call_later, silent.append)
    found.watch(attempt)
    return found


def test_whoever_says_nothing_is_silent_after_its_heartbeat(hours, attempt, silent):
    hours.pass_to(9.9)
    assert silent == []
    hours.pass_to(10)
    assert silent == [attempt]


@pytest.mark.parametrize("sign", ["heartbeat", "progress"])
def test_every_sign_of_life_gives_as_much_time_again(hours, attempt, silent, sign):
    ctx = Context(attempt.task, attempt.storage, attempt.connection, attempt.is_over, attempt.report)
    for time in (9, 18, 27, 27.5):
        hours.pass_to(time)
        getattr(ctx, sign)(*([1] if sign == "progress" else []))
    hours.pass_to(37.4)
    assert silent == []
    hours.pass_to(37.5)
    assert silent == [attempt]


def test_an_attempt_that_has_ended_is_not_listened_to(hours, attempt, silent):
    attempt.close()
    hours.pass_to(100)
    assert (silent, hours.calls) == ([], [])


def test_time_in_which_nobody_could_listen_is_no_silence(hours, attempt, silent):
    hours.time = 15.0
    hours.pass_to(15.0)
    assert silent == []
    hours.pass_to(19.9)
    assert silent == []
    hours.pass_to(40.0)
    assert silent == [attempt]


def test_a_task_without_a_heartbeat_is_left_alone(hours, heartbeats, silent):
    hours.calls.clear()
    heartbeats.watch(Attempt(Task.of(started(scheme_of(a=[])), "a", 1), hours))
    assert (silent, hours.calls) == ([], [])


def test_a_body_that_is_run_once_more_is_listened_to_from_its_new_beginning(hours, attempt, silent, heartbeats):
    hours.pass_to(5)
    heartbeats.pause(attempt)
    hours.pass_to(50)
    attempt.runs += 1
    heartbeats.watch(attempt)
    hours.pass_to(59.9)
    assert silent == []
    hours.pass_to(60)
    assert silent == [attempt]


def test_a_silent_body_ends_as_a_timeout_and_is_tried_again_by_policy(works):
    let_go = threading.Event()

    def hang(ctx: Context[dict]) -> int:
        if ctx.attempt == 1:
            let_go.wait(20)
        return ctx.attempt

    ended = works.run(one_task(hang, heartbeat=0.2, retry=Retry(attempts=2, delay=0.0)))
    let_go.set()
    (first, last) = works.client.attempts(ended.flow_id)
    assert (ended.status, ended.task("only").result) == (FlowStatus.SUCCEEDED, 2)
    assert (first.status, first.error.type) == (AttemptStatus.TIMED_OUT, "HeartbeatTimeout")
    assert "no sign of life for 0.2 s" in first.error.message
    assert last.status is AttemptStatus.SUCCEEDED


def test_a_silent_async_body_is_cancelled_and_says_no_more(works):
    cancelled = threading.Event()

    async def hang() -> None:
        try:
            await asyncio.sleep(20)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    ended = works.run(one_task(hang, heartbeat=0.2))
    assert cancelled.wait(10)
    assert (ended.status, ended.task("only").error.type) == (FlowStatus.FAILED, "HeartbeatTimeout")


def test_a_silent_transactional_body_writes_nothing(shop):
    let_go = threading.Event()

    def hang(ctx: Context[dict]) -> None:
        put(ctx.tx, "late")
        let_go.wait(20)

    ended = shop.run(one_task(hang, transactional=True, heartbeat=0.3))
    let_go.set()
    assert ended.task("only").error.type == "HeartbeatTimeout"
    assert shop.entries() == {}
