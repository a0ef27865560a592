"""What no pool could ever run is refused before anything runs, with the mend."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests.pools import bodies
from tests.runtime.works import one_task
from theflow import FlowScheme, Retry, RuntimeOptions
from theflow.errors import InputError, SchemeError
from theflow.runtime.attempt import Attempt
from theflow.runtime.desk import Desk
from theflow.runtime.held_back import HeldBack
from theflow.runtime.kit import Kit


def local():
    """Make a body that nobody else finds."""

    def inside() -> int:
        return 1

    return inside


@dataclass
class Outer:
    """A storage that has a name."""


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (local(), r"it is defined inside function local; move it to the top level of a module"),
        (bodies.unnamed, r"it is a lambda; write it with def"),
        (lambda: 1, r"it is a lambda"),
        (bodies.nameless, r"it is functools\.partial.*, which has no name of its own"),
        (bodies.Basket().fruit.copy, r"it is <built-in method copy"),
    ],
)
def test_a_body_that_no_process_finds_is_refused_with_its_cause(works, body, cause):
    with pytest.raises(InputError, match=rf"task 'only' pool='process': its body cannot be sent .* because {cause}"):
        works.make(one_task(body, pool="process"))


def test_a_body_whose_name_means_something_else_is_refused(works, monkeypatch):
    body = bodies.one
    monkeypatch.setattr(bodies, "one", bodies.pid)
    with pytest.raises(InputError, match=r"it is not what tests\.pools\.bodies\.one names"):
        works.make(one_task(body, pool="process"))


def test_a_body_of_an_interactive_session_is_refused(works, monkeypatch):
    monkeypatch.setattr(bodies.one, "__module__", "__main__")
    main = sys.modules["__main__"]
    monkeypatch.setattr(main, "one", bodies.one, raising=False)
    monkeypatch.setattr(main, "__file__", None, raising=False)
    with pytest.raises(InputError, match="in an interactive session; write it into a file"):
        works.make(one_task(bodies.one, pool="process"))


def test_a_storage_type_that_no_process_finds_is_refused(works):
    @dataclass
    class Inner:
        """A storage that has none."""

    with pytest.raises(InputError, match=r"its storage type cannot be found .*; define it at the top level"):
        works.make(one_task(bodies.one, storage=Inner, pool="process"))


def test_an_exception_of_a_retry_that_no_process_finds_is_refused(works):
    class Inner(Exception):
        """An exception that has none."""

    with pytest.raises(InputError, match="an exception of its retry cannot be found"):
        works.make(one_task(bodies.one, pool="process", retry=Retry(on=(Inner,))))


def test_a_pool_that_the_runtime_does_not_have_is_refused_with_those_it_has(works):
    with ThreadPoolExecutor() as gpu, pytest.raises(InputError) as refusal:
        works.make(one_task(bodies.one, pool="tpu"), executors={"gpu": gpu})
    assert "flow 'single', task 'only': pool 'tpu'" in str(refusal.value)
    assert "(thread, process, gpu)" in str(refusal.value)


@pytest.mark.parametrize("pool", ["", 3, "a\nb", ThreadPoolExecutor])
def test_a_pool_is_named_by_text(pool):
    with pytest.raises(SchemeError, match="task 'only': pool is"):
        one_task(bodies.one, pool=pool)


@pytest.mark.parametrize("pool", ["thread", "process", "gpu"])
def test_an_async_body_takes_no_pool(pool):
    async def body() -> None: ...

    with pytest.raises(SchemeError, match=rf"is async, so it runs on the loop, and has pool='{pool}'; take pool= out"):
        one_task(body, pool=pool)


def test_a_transaction_reaches_into_no_pool():
    with pytest.raises(SchemeError, match="is transactional, and its transaction does not reach into pool='process'"):
        one_task(bodies.one, pool="process", transactional=True)


def test_a_hook_runs_in_no_pool():
    scheme = FlowScheme("hooked")
    task = scheme.add(bodies.one, pool="process")
    with pytest.raises(SchemeError, match="runs in pool 'process', and a hook in a thread"):
        scheme.on_success(task)


@pytest.mark.parametrize("options", [{"processes": 0}, {"recycle": 0}, {"processes": True}])
def test_numbers_that_cannot_work_are_refused(options):
    with pytest.raises(InputError, match="expected an int of at least 1"):
        RuntimeOptions(**options)


def test_what_is_no_executor_is_refused():
    with pytest.raises(InputError, match=r"executors\['gpu'\]: expected a concurrent\.futures\.Executor"):
        RuntimeOptions(executors={"gpu": 3})


def test_an_executor_cannot_be_named_like_a_pool_that_is_there():
    with ThreadPoolExecutor() as own, pytest.raises(InputError, match="'process' is a pool that every runtime has"):
        RuntimeOptions(executors={"process": own})


def test_a_kit_carries_names_and_no_code():
    scheme = one_task(bodies.one, storage=Outer, pool="process")
    packed = Kit.of(scheme, scheme.tasks["only"]).packed()
    assert b"tests.pools.bodies" in packed
    assert bodies.one.__code__.co_code not in packed


def test_nothing_leaves_a_runtime_that_is_not_trusted():
    held = HeldBack(lambda: False)
    attempt = Attempt.__new__(Attempt)
    attempt.closed = attempt.cancelled = False
    assert Desk(None, None, held, None).begin(attempt) is None
    assert held.taken() == [attempt]
