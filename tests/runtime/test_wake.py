"""How a runtime learns that there is something to do, and what it costs the database while there is nothing."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import psycopg
import pymysql
import pytest

from tests.database.servers import MYSQL, POSTGRES, Kind, rows, run
from tests.database.stores import database, postgres
from tests.runtime.works import Works, one_task, until
from theflow import JobMeta
from theflow.database.postgres_news import CHANNEL, Announcer
from theflow.wire import connect

PER_SECOND = 5
CURSORS = {POSTGRES: psycopg.Cursor, MYSQL: pymysql.cursors.Cursor}
LISTENERS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query = 'LISTEN theflow'"


@pytest.fixture
def listening(tmp_path: Path):
    """Runtimes over a fresh PostgreSQL database."""
    made = Works(postgres(tmp_path)())
    made.store.prepare()
    yield made
    made.close()


def nothing() -> None:
    """A body."""


def test_a_job_of_another_client_is_seen_within_a_poll(works):
    works.start(one_task(nothing), poll=0.2)

    handle = works.submit(one_task(nothing))

    assert handle.wait(5).status == "succeeded"


def test_a_delayed_job_starts_when_it_is_due_though_nothing_is_written_then(works):
    due = time.time_ns() // 1000 + 1_500_000
    works.start(one_task(nothing), poll=0.1)

    ended = works.submit(one_task(nothing), run_at=due).wait(5)

    assert 0 <= ended.started_at - due < 700_000


@pytest.mark.parametrize("kind", [POSTGRES, MYSQL], ids=lambda kind: kind.name)
def test_an_idle_runtime_asks_its_server_seldom(kind: Kind, monkeypatch: pytest.MonkeyPatch):
    works = Works(connect(database(kind))._store)  # noqa: SLF001 - the store that a URL gives
    works.start(one_task(nothing), poll=0.5)
    asked = counted(monkeypatch, CURSORS[kind])
    try:
        time.sleep(1)
        before, started = len(asked), time.monotonic()
        time.sleep(6)
        spent, seconds = len(asked) - before, time.monotonic() - started
    finally:
        works.close()
    assert 0 < spent / seconds <= PER_SECOND


def counted(monkeypatch: pytest.MonkeyPatch, cursor: type) -> list[object]:
    """Every statement that this process sends from now on."""
    sent: list[object] = []
    execute = cursor.execute

    def counting(self, query, *rest, **options):
        sent.append(query)
        return execute(self, query, *rest, **options)

    monkeypatch.setattr(cursor, "execute", counting)
    return sent


def test_a_runtime_that_polls_seldom_is_called(listening):
    listening.start(one_task(nothing), poll=30.0)
    until(lambda: rows(POSTGRES, database(POSTGRES), LISTENERS))

    started = time.monotonic()
    with connect(database(POSTGRES)) as client:
        client.create_job(JobMeta(flow_class="single")).wait(10)

    assert time.monotonic() - started < 5


def test_a_runtime_that_polls_seldom_hears_soon_that_a_flow_of_its_is_cancelled(works):
    begun = threading.Event()

    async def body() -> None:
        begun.set()
        await asyncio.sleep(60)

    works.start(one_task(body), poll=5.0)
    flow = works.submit(one_task(body))
    assert begun.wait(10)

    started = time.monotonic()
    works.client.cancel(flow.flow_id)

    assert flow.wait(10).status == "cancelled"
    assert time.monotonic() - started < 4


def test_f19_a_listener_that_was_cut_off_listens_again(listening):
    url = database(POSTGRES)
    rung = threading.Event()
    end = listening.store.listen(rung.set)
    (pid,) = until(lambda: rows(POSTGRES, url, LISTENERS))

    run(POSTGRES, url, f"SELECT pg_terminate_backend({pid})")
    until(lambda: [again for again in rows(POSTGRES, url, LISTENERS) if again != pid])
    rung.clear()
    run(POSTGRES, url, f"NOTIFY {CHANNEL}")

    assert rung.wait(5)
    end()
    until(lambda: not rows(POSTGRES, url, LISTENERS))


def test_f19_a_flow_is_found_though_nobody_can_be_called(listening, monkeypatch):
    monkeypatch.setattr("theflow.database.postgres_news.CHANNEL", "nobody")
    listening.start(one_task(nothing), poll=0.2)

    with connect(database(POSTGRES)) as client:
        assert client.create_job(JobMeta(flow_class="single")).wait(5).status == "succeeded"


def test_a_thousand_changes_ring_a_few_times(listening):
    rings: list[float] = []
    url = database(POSTGRES)
    end = listening.store.listen(lambda: rings.append(time.monotonic()))
    until(lambda: rings)
    announcer = Announcer(lambda: psycopg.connect(url, autocommit=True))

    for _ in range(1000):
        announcer.announce()
    announcer.close(5)

    until(lambda: len(rings) > 1)
    end()
    assert len(rings) < 100
