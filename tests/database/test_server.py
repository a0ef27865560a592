"""What is peculiar to database servers: connections that go, statements that are too large, and how they say no."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, contextmanager

import pytest

from tests.acceptance.stage import until
from tests.database import stores
from tests.database.builders import NOW, Worker, flow_row, holder, log, partial, record, submit, task
from tests.database.servers import MYSQL, POSTGRES, rows, run
from theflow import wire
from theflow.database import server_session
from theflow.database.mysql import Mysql
from theflow.database.postgres import Postgres
from theflow.database.sql import SqlStore
from theflow.errors import CommitUnknown, InputError, RowRefused, StoreUnavailable, StoreUnusable, TheFlowError

DIALECTS = {"postgres": Postgres, "mysql": Mysql}
KINDS = {"postgres": POSTGRES, "mysql": MYSQL}
CUT = {
    "postgres": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid()",
    "mysql": "SELECT concat('KILL ', id) FROM information_schema.processlist WHERE db = database() "
    "AND id <> connection_id()",
}
WAITING = {
    "postgres": "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    "mysql": "SELECT count(*) FROM information_schema.processlist WHERE info LIKE 'UPDATE runtime SET epoch%%'",
}


@pytest.fixture(params=["postgres", "mysql"])
def kind(request):
    """A kind of server, by name."""
    return request.param


@pytest.fixture
def opener(kind, tmp_path):
    """Opens a fresh database on a server."""
    return getattr(stores, kind)(tmp_path)


@pytest.fixture
def url(kind):
    """Where the database is."""
    return stores.database(KINDS[kind])


@pytest.fixture
def server(kind, opener, url):
    """The dialect of a fresh database."""
    assert opener is not None
    with closing(DIALECTS[kind](url, url)) as dialect:
        yield dialect


@pytest.fixture
def store(server):
    """A fresh database on a server."""
    return SqlStore(server)


def test_f13_connections_that_were_lost_while_idle_cost_nobody_anything(store, kind, url):
    worker = Worker(store)
    [offset] = submit(store, partial())
    store.change_token(0)
    cut(kind, url)
    assert store.runtimes()[0].incarnation == worker.incarnation
    assert (store.beat(worker.incarnation), worker.offered(), store.change_token(0) is None) == (True, [offset], False)
    assert worker.claim(offset) is not None


def test_f13_a_connection_that_is_lost_within_a_transaction_is_no_fault_of_the_row(server, store, kind, url):
    store.prepare()
    given = {"name": "order", "revision": 0, "turn": 0}
    with raised(StoreUnavailable, server.write()) as session:
        session.run("bump_class", given)
        cut(kind, url)
        session.run("bump_class", given)
    assert submit(store, partial())


def test_f13_a_connection_that_is_lost_before_the_commit_leaves_it_unknown(server, store, kind, url):
    store.prepare()
    with raised(CommitUnknown, server.write()) as session:
        session.run("bump_class", {"name": "order", "revision": 0, "turn": 0})
        cut(kind, url)
    assert submit(store, partial())


def test_trailing_spaces_make_another_name(store):
    one, other = submit(store, partial(user="ann", idempotency_key="k"), partial(user="ann ", idempotency_key="k"))
    assert one != other
    assert Worker(store).offered(concurrency=1) == [one, other]


def test_a_batch_larger_than_a_statement_goes_in_parts(store, monkeypatch):
    monkeypatch.setattr(server_session, "_BATCH_LIMIT", 1000)
    worker = Worker(store)
    offsets = submit(store, *(partial(user=str(number)) for number in range(50)))
    worker.claim(*offsets)
    worker.commit(
        tasks=[task(worker, offset) for offset in offsets], logs=[log(offset, "x" * 99) for offset in offsets]
    )
    assert [len(record(store, offset).tasks) for offset in offsets] == [1] * 50


def test_large_rows_pass(store):
    worker = Worker(store)
    text = '"' * 500_000
    offsets = submit(store, *(partial(user=str(number)) for number in range(8)))
    worker.claim(*offsets)
    worker.commit(flows=[flow_row(offset, "running", storage=text) for offset in offsets])
    assert {record(store, offset).storage for offset in offsets} == {text}


@pytest.mark.parametrize(
    "columns",
    [{"name": "n" * 256}, {"result": "a\ud800"}, {"attempt": 2**40}],
    ids=["long", "surrogate", "integer"],
)
def test_a_row_that_does_not_fit_is_refused(store, columns):
    worker = Worker(store)
    [offset] = submit(store, partial())
    worker.claim(offset)
    with pytest.raises(RowRefused):
        worker.commit(tasks=[task(worker, offset), task(worker, offset, name="b")._replace(**columns)])
    assert record(store, offset).tasks == ()
    worker.finish(offset)


def test_f05_a_lock_of_somebody_else_is_waited_for_only_so_long_and_holds_up_no_beat(server, opener):
    with closing(opener()) as other:
        worker = Worker(other)
        with server.write() as session:
            session.run("mark_turn", worker.fence._asdict())
            assert other.beat(worker.incarnation)
            with pytest.raises(StoreUnavailable):
                worker.commit()


def test_a_runtime_has_beaten_or_is_taken_over_and_never_both(kind, url, server, opener):
    with closing(opener()) as contender, closing(opener()) as owner, ThreadPoolExecutor(2) as pool:
        worker = Worker(owner)
        with server.write() as session:
            # The take-over has seen the beat, and has to wait for the turn that is under way.
            session.run("mark_turn", worker.fence._asdict())
            freed = pool.submit(contender.take_over, worker.incarnation, 0)
            until(lambda: rows(KINDS[kind], url, WAITING[kind]) == [1])
            beaten = pool.submit(owner.beat, worker.incarnation)
            wait([beaten], 0.5)
        assert (freed.result() >= 0) != beaten.result()


def test_f31_a_connection_is_not_used_in_a_forked_process(store):
    submit(store, partial())
    child = multiprocessing.get_context("fork").Process(target=in_child, args=(store,))
    child.start()
    child.join(30)
    assert child.exitcode == 7
    assert submit(store, partial())


def test_a_newer_schema_is_refused_by_name(store, kind, url):
    run(KINDS[kind], url, "UPDATE alembic_version SET version_num = '9999'")
    try:
        for ask in (store.prepare, store.require, lambda: store.take_name(holder(), NOW)):
            with pytest.raises(StoreUnusable, match="9999"):
                ask()
    finally:
        run(KINDS[kind], url, "UPDATE alembic_version SET version_num = '0001'")


def test_what_is_wrong_with_a_url_is_said_without_its_password(url):
    scheme, _, rest = url.partition("://")
    place = rest.rpartition("@")[2].partition("/")[0]
    for bad in (
        f"{scheme}://{rest.rpartition('/')[0]}/theflow_nowhere",
        f"{scheme}://nobody:hidden@{place}/theflow_nowhere",
        f"{scheme}://nobody:hidden@127.0.0.1:1/test",
        f"{scheme}://{place}/",
    ):
        with pytest.raises(TheFlowError) as caught:
            wire.open_store(bad).require()
        assert isinstance(caught.value, StoreUnusable | StoreUnavailable | InputError)
        assert "hidden" not in str(caught.value)


def test_the_doctor_is_content_with_a_fresh_database(store, url):
    store.prepare()
    assert {finding.level for finding in wire.doctor(url)} == {"ok"}


@contextmanager
def raised(error, transaction):
    """A transaction that ends with an error."""
    with pytest.raises(error) as caught, transaction as session:
        yield session
    assert "://" in str(caught.value)


def cut(kind: str, url: str) -> None:
    """End every other session on the database."""
    if kind == "postgres":
        run(KINDS[kind], url, CUT[kind])
        return
    run(KINDS[kind], url, *rows(KINDS[kind], url, CUT[kind]))


def in_child(store) -> None:
    """Try to use what the parent has opened."""
    try:
        submit(store, partial())
    except StoreUnusable:
        store.close()
        os._exit(7)
