"""A scheme is built by decorators and checked whole: what is wrong names the task and the mend."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, NamedTuple, TypedDict

import msgspec
import pytest

from theflow.errors import SchemeError
from theflow.model.retry import ONCE, Retry
from theflow.model.scheme import UNLIMITED, FlowScheme
from theflow.model.task_scheme import TaskScheme
from theflow.model.time_limits import TIMEOUT_LIMIT


@dataclass
class Order:
    """A dataclass."""

    id: str = ""


class Basket(TypedDict):
    """A TypedDict."""


class Parcel(msgspec.Struct):
    """A msgspec Struct."""


class Row(msgspec.Struct, array_like=True):
    """A Struct that is kept as a list."""


class Pair(NamedTuple):
    """A tuple."""

    first: int


class Attrs:
    """What attrs makes of a class."""

    __attrs_attrs__ = ()


class Pydantic:
    """What pydantic makes of a class."""

    model_fields: dict[str, Any] = {}  # noqa: RUF012 - as pydantic has it


def nothing() -> None:
    """Do nothing."""


@pytest.mark.parametrize("storage", [dict, dict[str, int], Order, Basket, Parcel, Attrs, Pydantic])
def test_storage_is_an_object_with_named_fields(storage):
    assert FlowScheme("order", storage=storage).storage is storage


@pytest.mark.parametrize(
    "storage", [list, int, str, None, Pair, Row, Order(), list[Order], Order | None, "Order", object]
)
def test_storage_that_is_no_object_is_refused_with_what_to_use(storage):
    with pytest.raises(SchemeError) as refused:
        FlowScheme("order", storage=storage)
    assert str(refused.value).startswith("flow 'order': storage type ")
    assert "use a dataclass, msgspec Struct, pydantic model, attrs class, TypedDict or dict" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "it is empty; give it a name of 1 to 255 characters"),
        ("x" * 256, "256 characters; at most 255"),
        ("a\tb", "control characters are not allowed"),
        (None, "expected a str, got NoneType"),
    ],
)
def test_a_class_name_that_cannot_be_kept_is_refused(name, problem):
    with pytest.raises(SchemeError) as refused:
        FlowScheme(name)
    assert str(refused.value).startswith("the name of a flow class: ")
    assert problem in str(refused.value)


@pytest.mark.parametrize(("name", "problem"), [("", "empty"), ("x" * 256, "256"), ("\0", "control"), (5, "got int")])
def test_a_task_name_that_cannot_be_kept_is_refused(name, problem):
    with pytest.raises(SchemeError) as refused:
        FlowScheme("order").add(nothing, name=name)
    assert str(refused.value).startswith("flow 'order', the name of a task: ")
    assert problem in str(refused.value)


@pytest.mark.parametrize("what", ["version", "concurrency"])
@pytest.mark.parametrize("number", [0, -1, 1.0, True, "1", None, 2**31])
def test_version_and_concurrency_are_counts(what, number):
    with pytest.raises(SchemeError, match=f"flow 'order': {what} is .*; it must be an int from 1 to {UNLIMITED}"):
        FlowScheme("order", **{what: number})


@pytest.mark.parametrize("shape", ["dag", None, FlowScheme])
def test_an_orchestration_is_a_dag_or_a_chain(shape):
    with pytest.raises(SchemeError, match=r"use theflow\.Dag or theflow\.Chain"):
        FlowScheme("order", orchestration=shape)


def test_a_flow_without_tasks_says_how_to_get_one():
    with pytest.raises(SchemeError, match=r"flow 'order' has no task; decorate a function with @order\.task"):
        FlowScheme("order").orchestration  # noqa: B018 - asking builds it


def test_two_tasks_of_one_name_are_refused():
    scheme = FlowScheme("order")
    scheme.add(nothing)
    with pytest.raises(SchemeError, match="two tasks are named 'nothing'; give one of them name="):
        scheme.add(nothing)


@pytest.mark.parametrize("hook", ["on_success", "on_failure"])
def test_a_task_cannot_be_named_like_a_hook(hook):
    with pytest.raises(SchemeError, match=f"{hook!r} is the name of a hook; give the task another name"):
        FlowScheme("order").add(nothing, name=hook)


@pytest.mark.parametrize("what", ["timeout", "heartbeat"])
@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), "5", True, TIMEOUT_LIMIT + 1])
def test_a_limit_of_time_is_seconds_above_zero(what, seconds):
    with pytest.raises(SchemeError) as refused:
        FlowScheme("order").add(nothing, **{what: seconds})
    assert str(refused.value).startswith(
        f"flow 'order', task 'nothing': {what} is {seconds!r}; give it seconds above 0"
    )


@pytest.mark.parametrize("retry", [3, (3,), {"attempts": 3}, Retry])
def test_a_retry_is_a_policy(retry):
    with pytest.raises(SchemeError, match=r"flow 'order', task 'nothing': retry is .*; give it theflow.Retry\(...\)"):
        FlowScheme("order").add(nothing, retry=retry)


def test_at_most_once_and_a_retry_contradict_each_other():
    with pytest.raises(SchemeError, match="task 'nothing' is at_most_once and has a retry; choose one"):
        FlowScheme("order").add(nothing, at_most_once=True, retry=Retry())


def test_at_most_once_goes_with_a_single_attempt():
    assert FlowScheme("order").add(nothing, at_most_once=True, retry=Retry(attempts=1)).at_most_once


@pytest.mark.parametrize("after", ["charge", 5, None, nothing])
def test_after_is_a_list(after):
    with pytest.raises(SchemeError, match=r"flow 'order', task 'nothing': after must be a list of tasks; write after="):
        FlowScheme("order").add(nothing, after=after)


def test_after_holds_tasks_or_their_names():
    with pytest.raises(SchemeError, match=r"task 'pack': after holds <function nothing .*; give tasks or their names"):
        FlowScheme("order").add(nothing, name="pack", after=[nothing])


def test_an_unknown_task_in_after_is_refused():
    scheme = FlowScheme("order")
    scheme.add(nothing, after=["charge"])
    with pytest.raises(SchemeError, match=r"task 'nothing' comes after 'charge', which is no task of it"):
        scheme.tasks  # noqa: B018 - asking builds it


@pytest.mark.parametrize("body", [None, 5, "charge"])
def test_a_body_can_be_called(body):
    with pytest.raises(SchemeError, match="task 'charge' needs a callable body"):
        FlowScheme("order").add(body, name="charge")


def test_a_body_without_a_name_needs_one():
    scheme = FlowScheme("order")
    with pytest.raises(SchemeError, match=r"partial\(.* has no name of its own; name the task with name="):
        scheme.add(functools.partial(nothing))
    assert scheme.add(functools.partial(nothing), name="pack").name == "pack"


def test_a_cycle_through_parameters_is_named():
    scheme = FlowScheme("order")
    scheme.add(lambda pack: pack, name="charge")
    scheme.add(lambda charge: charge, name="pack")
    with pytest.raises(SchemeError, match="in a cycle: 'charge' -> 'pack' -> 'charge'"):
        scheme.orchestration  # noqa: B018 - asking builds it


def test_a_scheme_in_use_takes_no_further_task_and_no_hook():
    scheme = FlowScheme("order")
    scheme.add(nothing)
    assert scheme.orchestration is scheme.orchestration
    with pytest.raises(SchemeError, match="flow 'order' is in use already; add 'late' before a Runtime or Client gets"):
        scheme.add(nothing, name="late")
    with pytest.raises(SchemeError, match="add 'on_success' before"):
        scheme.on_success(nothing)


def test_a_scheme_that_was_refused_can_be_mended():
    scheme = FlowScheme("order")
    scheme.add(nothing, name="pack", after=["charge"])
    with pytest.raises(SchemeError):
        scheme.tasks  # noqa: B018 - asking builds it
    scheme.add(nothing, name="charge")
    assert scheme.tasks["pack"].after == ("charge",)


def test_a_flow_has_one_hook_of_a_kind():
    scheme = FlowScheme("order")
    scheme.on_failure(nothing)
    with pytest.raises(SchemeError, match="flow 'order' has two hooks on_failure; keep one"):
        scheme.on_failure(nothing)


def test_a_hook_with_a_parameter_that_nobody_fills_is_refused():
    scheme = FlowScheme("order")
    scheme.add(nothing)
    scheme.on_success(lambda who: who)
    with pytest.raises(SchemeError, match="task 'on_success': nobody fills parameter 'who'"):
        scheme.hooks  # noqa: B018 - asking builds it


def test_decorators_with_and_without_options_make_tasks_that_can_be_called():
    scheme = FlowScheme("order", storage=Order)

    @scheme.task
    def charge(order: Order) -> str:
        return f"paid {order.id}"

    @scheme.task(after=[charge], retry=Retry(attempts=5), timeout=30, name="packing")
    def pack(order: Order) -> str:
        return f"packed {order.id}"

    assert isinstance(pack, TaskScheme)
    assert (charge(Order("x")), pack(Order("x"))) == ("paid x", "packed x")
    assert (charge.retry, pack.retry.attempts, pack.timeout) == (ONCE, 5, 30)
    assert {name: task.after for name, task in scheme.tasks.items()} == {"charge": (), "packing": ("charge",)}


def test_what_a_task_comes_after_is_complete_and_named_once():
    scheme = FlowScheme("order")
    first = scheme.add(nothing, name="first")
    charge = scheme.add(nothing, name="charge")
    scheme.add(lambda charge: charge, name="pack", after=[first, "charge", charge])
    assert scheme.tasks["pack"].after == ("first", "charge")


def test_tasks_of_a_scheme_cannot_be_changed_from_outside():
    scheme = FlowScheme("order")
    scheme.add(nothing)
    with pytest.raises(TypeError):
        scheme.tasks["more"] = scheme.tasks["nothing"]


def test_a_scheme_tells_its_name_and_size():
    assert repr(FlowScheme("order", version=2)) == "FlowScheme('order', version=2, tasks=0)"


def test_a_transactional_task_is_a_plain_function_that_may_run_again():
    scheme = FlowScheme("order")

    async def waits() -> None: ...

    with pytest.raises(SchemeError, match=r"task 'waits' is transactional and async.*make it a plain function"):
        scheme.add(waits, transactional=True)
    with pytest.raises(SchemeError, match=r"task 'pay' is transactional.*take at_most_once out"):
        scheme.add(lambda: None, name="pay", transactional=True, at_most_once=True)


def test_a_hook_is_not_transactional():
    scheme = FlowScheme("order")
    pay = scheme.add(lambda: None, name="pay", transactional=True)
    with pytest.raises(SchemeError, match=r"hook on_success: task 'pay' is transactional.*a function of its own"):
        scheme.on_success(pay)


def test_an_option_that_no_task_takes_is_named():
    with pytest.raises(TypeError, match="flow 'order': a task takes no colour"):
        FlowScheme("order").add(lambda: None, name="pay", colour="red")
