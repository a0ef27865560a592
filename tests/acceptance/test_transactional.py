"""The bank: each task moves one unit between two accounts. Whoever is killed, none is lost, and none moved twice."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.acceptance.stage import Stage, until
from tests.database.ledger import DATABASES, Ledger, opened
from theflow import FlowFilter, FlowHandle, FlowStatus


class Bank(Stage):
    """Two accounts beside the flows that move units between them."""

    def __init__(self, kind: str, folder: Path) -> None:
        url, opener = opened(kind, folder)
        with closing(opener()) as store:
            store.prepare()
        super().__init__(folder, folder, url)
        self.ledger = Ledger(url)
        self.ledger.run("INSERT INTO entry VALUES ('left', 1000), ('right', 0)")

    def order(self, count: int, seconds: float = 0.0) -> list[FlowHandle]:
        """Order so many moves."""
        job = self.job("bank")
        job.input["seconds"] = seconds
        return self.client.create_jobs([job] * count)

    def moved(self) -> int:
        """How many units have come; as many have gone."""
        accounts = self.ledger.entries()
        assert sum(accounts.values()) == 1000
        return accounts["right"]

    def done(self) -> int:
        """How many moves have their outcome on disk."""
        return len(self.client.find_flows(FlowFilter(status=FlowStatus.SUCCEEDED), limit=1000).items)

    def close(self) -> None:
        """Leave nothing behind."""
        super().close()
        self.ledger.close()


@pytest.fixture(params=DATABASES)
def bank(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bank]:
    """A bank in each database."""
    with closing(Bank(request.param, tmp_path)) as made:
        yield made


@pytest.mark.parametrize("place", ["mid_body", "before_transaction_commit", "after_transaction_commit"])
def test_f01_a_kill_around_the_commit_leaves_both_or_neither(bank, place):
    bank.order(5)
    assert bank.start(failpoint=f"{place}:2", burst=True).wait() == -signal.SIGKILL
    assert bank.moved() == bank.done()
    if place == "after_transaction_commit":
        assert bank.done() == 2
    assert bank.start(burst=True).wait() == 0
    assert bank.moved() == bank.done() == 5


def test_units_moved_are_tasks_done_through_many_kills(bank):
    chance = Random(6)  # noqa: S311 - a seed makes a test that can be repeated
    for number in range(4):
        lives = [bank.start(f"worker-{number}-{each}", ttl=1.0, claims=50).ready() for each in range(2)]
        begun = len(bank.effects()) + chance.randint(1, 20)
        bank.order(30, 0.005)
        until(lambda begun=begun: len(bank.effects()) >= begun)
        for life in lives:
            life.send(signal.SIGKILL)
        for life in lives:
            life.wait()
        assert bank.moved() <= 120
    # These may all have come between two bodies; this one comes within one.
    bank.order(30)
    assert bank.start("unlucky", failpoint="mid_body:2", ttl=1.0, claims=50).wait() == -signal.SIGKILL
    assert bank.start("last", burst=True, claims=50).wait(60) == 0
    assert bank.moved() == bank.done() == 150
    assert len(bank.effects()) > 150


@pytest.mark.parametrize("signals", [1, 2])
def test_f07_a_stop_lets_bodies_commit_and_a_second_one_rolls_them_back(bank, signals):
    (flow,) = bank.order(1, 1.0)
    life = bank.start().ready()
    bank.started(flow)
    for _ in range(signals):
        life.send(signal.SIGTERM)
        time.sleep(0.2)
    assert life.wait() == (0 if signals == 1 else 130)
    assert bank.moved() == bank.done() == (1 if signals == 1 else 0)
    assert bank.start(burst=True).wait() == 0
    assert bank.moved() == bank.done() == 1
