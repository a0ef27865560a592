"""What stays true when many do it at once, each over connections of its own."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.database.builders import NOW, Worker, holder, partial, record, submit, task
from theflow.errors import Fenced, IdempotencyConflict, RuntimeNameTaken
from theflow.model.scheme import UNLIMITED
from theflow.model.view import FlowFilter


@pytest.fixture
def stores(open_again):
    """The same database as four processes see it."""
    return [open_again() for _ in range(4)]


def test_f53_sixteen_submits_under_one_key_make_one_flow(stores):
    offsets = at_once(16, lambda number: submit(stores[number % 4], partial(idempotency_key="k"))[0])
    assert len(set(offsets)) == 1
    assert len(stores[0].find_flows(FlowFilter(), None, 99)) == 1


def test_f53_of_two_inputs_under_one_key_one_wins(stores):
    def attempt(number):
        try:
            return submit(stores[number % 4], partial(data=b'{"a":%d}' % (number % 2), idempotency_key="k"))[0]
        except IdempotencyConflict:
            return None

    offsets = at_once(8, attempt)
    assert (offsets.count(None), len(set(offsets))) == (4, 2)


def test_offsets_are_unique_and_grow_for_everybody_who_submits(stores):
    def attempt(number):
        return [submit(stores[number % 4], partial(), partial())[-1] for _ in range(10)]

    found = at_once(8, attempt)
    assert [offsets == sorted(offsets) for offsets in found] == [True] * 8
    assert len({offset for offsets in found for offset in offsets}) == 80
    assert len(stores[0].find_flows(FlowFilter(), None, 999)) == 160


@pytest.mark.parametrize("concurrency", [1, UNLIMITED])
def test_no_flow_is_claimed_by_two(stores, concurrency):
    submit(stores[0], *(partial(user=str(number)) for number in range(60)))

    def admit(number):
        worker, mine = Worker(stores[number], f"worker-{number}"), []
        while True:
            seen, look = worker.look(concurrency=concurrency, limit=3)
            if not look.candidates:
                return mine
            taken = worker.claim(*(candidate.offset for candidate in look.candidates), seen=seen)
            mine += [data.job.offset for data in taken or ()]

    claimed = [offset for mine in at_once(4, admit) for offset in mine]
    assert (len(claimed), len(set(claimed))) == (60, 60)


def test_one_of_many_gets_a_name(stores):
    def attempt(number):
        try:
            return stores[number % 4].take_name(holder("w", pid=number), NOW)
        except RuntimeNameTaken:
            return None

    taken = [incarnation for incarnation in at_once(8, attempt) if incarnation is not None]
    assert [record.incarnation for record in stores[0].runtimes()] == taken


def test_one_of_many_takes_over(stores):
    worker = Worker(stores[0])
    worker.claim(*submit(stores[0], partial(), partial(user="bob")))
    freed = at_once(8, lambda number: stores[number % 4].take_over(worker.incarnation, 0))
    assert sorted(freed) == [-1] * 7 + [2]


def test_no_write_comes_after_a_takeover(stores):
    worker = Worker(stores[0])
    [offset] = submit(stores[0], partial())
    worker.claim(offset)
    committed, enough = [], threading.Event()

    def work():
        while True:
            worker.commit(tasks=[task(worker, offset, name=str(len(committed)))])
            committed.append(str(len(committed)))
            if len(committed) == 5:
                enough.set()

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work)
        assert enough.wait(30)
        assert stores[1].take_over(worker.incarnation, 0) == 1
        at_takeover = record(stores[2], offset).tasks
        assert isinstance(working.exception(), Fenced)
    assert {seen.row.name for seen in at_takeover} == set(committed)
    assert record(stores[3], offset).tasks == at_takeover


def at_once(count, work):
    """Let so many threads begin together; return what each made of its number."""
    start = threading.Barrier(count)

    def begin(number):
        start.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))
