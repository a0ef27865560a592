"""The checker is checked: what breaks a rule is caught, by the judge of a run or by a fault it does not survive."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

import pytest
import sqlalchemy

import theflow
from tests.chaos.checker import Broken
from tests.chaos.commit_sight import PostgresSight
from tests.chaos.mutants import MUTANTS, patched
from tests.chaos.proxy import Line, Network
from tests.chaos.run import Run
from tests.database.servers import MYSQL, POSTGRES
from tests.database.stores import database
from theflow import FlowScheme, FlowStatus, JobMeta, RuntimeOptions
from theflow.errors import WaitTimedOut

M1, M3, M9, M11, M12, B1 = MUTANTS
NONE = ""
TTL = 1.5


@dataclass
class Trail:
    """What bodies have put behind them."""

    steps: list[str] = field(default_factory=list)


@pytest.mark.timeout(200)
@pytest.mark.parametrize(
    ("mutant", "kind", "fault", "rules"),
    # What a runtime writes that was taken over is found first in what it spoils, or in who wrote it.
    [
        (M1, "sqlite", "brink", "C2 outcomes|C4 fencing"),
        (M3, "postgres", "no_answer", "C2 outcomes"),
        (B1, "postgres", "no_answer", "C6 bank"),
    ],
)
def test_a_mutant_does_not_get_through_a_run(tmp_path, mutant, kind, fault, rules):
    with pytest.raises(Broken, match=rules):
        Run(kind, 3, 1, only=(fault,), mutant=mutant, bound=4.0).seen(tmp_path)


# --- m9, F19: a runtime that looks only when it is called, when nobody hears the call --------------------------------
@pytest.fixture
def line() -> Iterator[tuple[Line, str]]:
    """A line to the server, and the URL that goes by it."""
    url = urlsplit(database(POSTGRES))
    with closing(Network()) as network:
        line = network.line(url.port or POSTGRES.port, PostgresSight)
        place = f"{url.username}@127.0.0.1:{line.port}"
        # What is encrypted cannot be told apart.
        yield line, url._replace(netloc=place, query="sslmode=disable").geturl()


def hears_nothing(line: tuple[Line, str], name: str) -> FlowStatus:
    """Submit to a runtime whose listening session is half open; return what becomes of the flow."""
    scheme = FlowScheme(name)
    scheme.add(lambda: None, name="only")
    options = RuntimeOptions(name=name, poll=0.3)
    with theflow.connect(database(POSTGRES)) as client, theflow.bootstrap(line[1], [scheme], options) as runtime:
        client.create_job(JobMeta(flow_class=name)).wait(10)
        line[0].deaf = b"LISTEN"
        flow = client.create_job(JobMeta(flow_class=name))
        try:
            return flow.wait(3).status
        except WaitTimedOut:
            return flow.get().status
        finally:
            line[0].deaf = b""
            runtime.stop(0)


def test_a_runtime_whose_listening_session_is_half_open_finds_work_by_its_poll(line):
    assert hears_nothing(line, "half-open") is FlowStatus.SUCCEEDED


def test_a_runtime_that_trusts_notes_alone_is_caught(line):
    with patched(MUTANTS[M9]):
        assert hears_nothing(line, "notes-alone") is FlowStatus.PENDING


# --- m11, F10: a heart that beats where bodies run, and a body that blocks that place --------------------------------
def lives_with_a_blocked_loop(folder: Path) -> int:
    """Block the loop of a runtime beside another one; return how many lives it needs for that."""
    began = Event()

    async def block() -> None:
        if not began.is_set():
            began.set()
            time.sleep(TTL * 2.5)  # noqa: ASYNC251 - it blocks the loop on purpose

    scheme, other = FlowScheme("blocking"), FlowScheme("other")
    scheme.add(block, name="block")
    other.add(lambda: None, name="only")
    url = f"sqlite:///{folder / 'flows.db'}"
    with ExitStack() as opened:
        runtimes = [
            opened.enter_context(theflow.bootstrap(url, [one], RuntimeOptions(name=one.name, ttl=TTL, poll=0.1)))
            for one in (scheme, other)
        ]
        lives = {runtimes[0].incarnation_id}
        flow = runtimes[0].client.create_job(JobMeta(flow_class="blocking"))
        assert began.wait(10)
        assert flow.wait(30).status is FlowStatus.SUCCEEDED
        lives.add(runtimes[0].incarnation_id)
    return len(lives)


def test_a_body_that_blocks_its_loop_for_longer_than_the_ttl_costs_no_take_over(tmp_path):
    assert lives_with_a_blocked_loop(tmp_path) == 1


def test_a_heart_on_the_loop_of_the_bodies_is_caught(tmp_path):
    with patched(MUTANTS[M11]):
        assert lives_with_a_blocked_loop(tmp_path) == 2


# --- m12: a lock that does not come in time in the middle of a transaction -------------------------------------------
def trail_after_a_lock_wait(name: str) -> list[str]:
    """Lock a row that a commit needs, for longer than it waits; return what is stored of what the body did."""
    url, began, go_on = database(MYSQL), Event(), Event()
    scheme = FlowScheme(name, storage=Trail)

    def step(trail: Trail) -> None:
        began.set()
        go_on.wait(20)
        trail.steps.append("done")

    scheme.add(step, name="step")
    scheme.add(lambda: None, name="end", after=["step"])
    engine = sqlalchemy.create_engine(MYSQL.driver + url[url.index("://") :], poolclass=sqlalchemy.NullPool)
    with theflow.bootstrap(url, [scheme], RuntimeOptions(name=name)) as runtime, engine.connect() as other:
        flow = runtime.client.create_job(JobMeta(flow_class=name))
        assert began.wait(10)
        other.exec_driver_sql(f"SELECT * FROM flow WHERE job_offset = {flow.offset} FOR UPDATE")  # noqa: S608
        go_on.set()
        time.sleep(6)  # longer than a lock is waited for
        other.rollback()
        return flow.wait(20).storage.steps


def test_a_lock_that_does_not_come_in_time_costs_no_half_of_a_transaction():
    assert trail_after_a_lock_wait("lock-wait") == ["done"]


def test_a_lock_wait_that_is_not_rolled_back_is_caught():
    with patched(MUTANTS[M12]):
        assert trail_after_a_lock_wait("no-rollback") != ["done"]
