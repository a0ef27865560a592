"""Who fills the parameters of a body: told from its signature, whatever kind of callable it is."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypedDict, TypeVar

import msgspec
import pytest

from theflow.errors import SchemeError
from theflow.model.binding import Source
from theflow.model.failure import Failure
from theflow.model.scheme import FlowScheme
from theflow.model.task_scheme import TaskScheme

S = TypeVar("S")


@dataclass
class Order:
    """A storage type."""

    id: str = ""


class Basket(TypedDict):
    """A storage type that is a dict."""

    id: str


class Parcel(msgspec.Struct):
    """A storage type of msgspec."""

    id: str = ""


class Context(Generic[S]):
    """What the runtime gives a body says of itself that it is a context."""

    __theflow_context__ = True


def sources(body: Callable[..., Any], storage: Any = Order, name: str = "pack") -> dict[str, Source]:
    """The sources of a body's parameters, in a flow that also has a task `charge`."""
    return {parameter.name: parameter.source for parameter in bound(body, storage, name).parameters}


def bound(body: Callable[..., Any], storage: Any = Order, name: str = "pack") -> TaskScheme:
    """The task of a body, in a flow that also has a task `charge`."""
    scheme = FlowScheme("order", storage=storage)
    scheme.add(lambda: None, name="charge")
    scheme.add(body, name=name)
    return scheme.tasks[name]


def refused(body: Callable[..., Any], storage: Any = Order) -> str:
    """Why a body is refused."""
    with pytest.raises(SchemeError) as error:
        bound(body, storage)
    return str(error.value)


def logged(function):
    """Decorate as programs do."""

    @functools.wraps(function)
    def around(*args, **kwargs):
        return function(*args, **kwargs)

    return around


def test_storage_context_and_result_are_told_apart():
    def body(charge: str, order: Order, ctx: Context[Order]) -> None: ...

    assert sources(body) == {"charge": Source.RESULT, "order": Source.STORAGE, "ctx": Source.CONTEXT}


def test_a_result_makes_its_task_come_first():
    def body(charge): ...

    assert bound(body).after == ("charge",)


def test_a_result_keeps_its_annotation_for_reading_it_back():
    def body(charge: Parcel) -> None: ...

    assert bound(body).parameters[0].annotation is Parcel


def test_keyword_only_parameters_are_filled():
    def body(*, order: Order, charge: str) -> None: ...

    assert sources(body) == {"order": Source.STORAGE, "charge": Source.RESULT}


def test_a_parameter_with_a_default_keeps_it_unless_it_is_known():
    def body(order: Order, retries: int = 3, charge: str = "none") -> None: ...

    assert sources(body) == {"order": Source.STORAGE, "charge": Source.RESULT}


def test_types_of_an_enclosing_function_are_found_when_they_are_the_storage_or_used():
    @dataclass
    class Local:
        id: str

    @dataclass
    class Used:
        id: str

    def body(local: Local, ctx: Context[Local], charge: Used) -> Local:
        return Used(f"{charge.id} {local.id} {ctx}")

    assert sources(body, Local) == {"local": Source.STORAGE, "ctx": Source.CONTEXT, "charge": Source.RESULT}


def test_what_a_body_returns_need_not_be_found():
    class Hidden: ...

    def body(order: Order) -> Hidden: ...

    assert sources(body) == {"order": Source.STORAGE}


def test_a_partial_leaves_the_rest_to_be_filled():
    def body(scale: int, order: Order, charge: str, pause: float) -> None: ...

    assert sources(functools.partial(body, 5, pause=1.0)) == {"order": Source.STORAGE, "charge": Source.RESULT}


def test_what_a_partial_gives_by_name_is_not_filled_again():
    def body(order: Order, charge: str) -> None: ...

    task = bound(functools.partial(body, charge="given"))
    assert [parameter.name for parameter in task.parameters] == ["order"]
    assert task.after == ()


def test_an_object_that_can_be_called_is_a_body():
    class Packer:
        def __call__(self, order: Order, charge: str) -> None: ...

    assert sources(Packer()) == {"order": Source.STORAGE, "charge": Source.RESULT}


def test_a_method_of_an_object_is_a_body():
    class Packer:
        def pack(self, order: Order) -> None: ...

    assert sources(Packer().pack) == {"order": Source.STORAGE}


def test_a_class_is_a_body_that_makes_its_instance():
    class Receipt:
        def __init__(self, order: Order, charge: str) -> None: ...

    assert sources(Receipt) == {"order": Source.STORAGE, "charge": Source.RESULT}


def test_a_lambda_is_a_body():
    assert sources(lambda charge: charge) == {"charge": Source.RESULT}


def test_a_decorated_function_is_seen_through():
    @logged
    def body(order: Order, charge: str) -> None: ...

    assert sources(body) == {"order": Source.STORAGE, "charge": Source.RESULT}
    assert sources(functools.partial(body, charge="x")) == {"order": Source.STORAGE}


@pytest.mark.parametrize("storage", [Order, Basket, Parcel, dict[str, int]])
def test_a_parameter_of_the_storage_type_gets_the_storage(storage):
    def body(kept) -> None: ...

    body.__annotations__["kept"] = storage
    assert sources(body, storage) == {"kept": Source.STORAGE}


def test_plain_and_annotated_dicts_are_the_same_storage():
    def body(plain: dict, exact: dict[str, Any]) -> None: ...

    assert set(sources(body, dict).values()) == {Source.STORAGE}


def test_with_dict_storage_a_result_may_be_a_dict_too():
    def body(charge: dict[str, int], kept: dict) -> None: ...

    assert sources(body, dict) == {"charge": Source.RESULT, "kept": Source.STORAGE}


def test_a_parameter_that_nobody_fills_is_named_with_every_mend():
    def body(order: Order, amount: int) -> None: ...

    assert refused(body) == (
        "flow 'order', task 'pack': nobody fills parameter 'amount'; annotate it with the storage type Order or with "
        "Context, name it like the task whose result it takes (charge), or give it a default"
    )


def test_a_storage_parameter_without_annotation_is_refused_with_the_type_to_write():
    assert "annotate it with the storage type dict" in refused(lambda storage: storage, dict)


def test_a_task_cannot_take_its_own_result():
    def body(pack: str) -> None: ...

    assert "nobody fills parameter 'pack'" in refused(body)


def test_a_parameter_that_is_task_and_storage_at_once_is_refused():
    def body(charge: Order) -> None: ...

    assert "'charge' is named like a task and has the storage type Order; rename" in refused(body)


def test_positions_and_positional_only_parameters_are_refused():
    def collects(*orders: Order) -> None: ...

    def positional(order: Order, /) -> None: ...

    assert "parameter 'orders' collects arguments by position, which nobody gives" in refused(collects)
    assert "parameter 'order' is positional-only, but is filled by name; take out the '/'" in refused(positional)


def test_a_collecting_parameter_takes_the_results_that_no_other_takes():
    scheme = FlowScheme("order")
    for name in ("left", "middle", "right"):
        scheme.add(lambda: 1, name=name)
    merge = scheme.add(lambda left, **others: (left, others), name="merge", after=["middle", "right"])
    assert merge(1, middle=2) == (1, {"middle": 2})
    assert scheme.tasks["merge"].after == ("middle", "right", "left")
    assert scheme.tasks["merge"].others == ("middle", "right")


def test_a_collecting_parameter_that_nothing_is_left_for_is_refused():
    scheme = FlowScheme("order")
    scheme.add(lambda **others: others, name="merge")
    with pytest.raises(SchemeError, match=r"'order', task 'merge': parameter \*\*others .* add after="):
        scheme.orchestration  # noqa: B018 - builds and checks


def test_a_generator_is_no_body():
    def body(order: Order):
        yield order

    async def slow(order: Order):
        yield order

    assert "its body is a generator; a body returns its result" in refused(body)
    assert "its body is a generator" in refused(slow)


def test_an_annotation_that_cannot_be_found_is_named():
    def body(order: Oder) -> None: ...  # noqa: F821 - the slip is the claim

    assert "task 'pack': an annotation names 'Oder', which cannot be found; import or define it" in refused(body)


@pytest.mark.parametrize("text", ["msgspec.Nothing", "not a type", "5 + Order"])
def test_an_annotation_that_cannot_be_read_is_refused(text):
    def body(order) -> None: ...

    body.__annotations__["order"] = text
    assert "task 'pack': an annotation cannot be read (" in refused(body)


def test_a_body_without_a_signature_is_refused():
    assert "has no readable signature; wrap it in a function" in refused(min)


def test_only_the_hook_of_failed_flows_gets_the_failure():
    def body(failure: Failure, charge: str | None) -> None: ...

    scheme = FlowScheme("order")
    scheme.add(lambda: None, name="charge")
    scheme.on_failure(body)
    assert [each.source for each in scheme.hooks["on_failure"].parameters] == [Source.FAILURE, Source.RESULT]
    assert "nobody fills parameter 'failure'" in refused(body)


def test_async_bodies_are_known_in_every_guise():
    async def body(order: Order) -> None: ...

    class Packer:
        async def __call__(self, order: Order) -> None: ...

        async def pack(self, order: Order) -> None: ...

    guises = [body, Packer(), Packer().pack, functools.partial(body), functools.partial(Packer()), logged(body)]
    assert all(bound(each).is_async for each in guises)
    assert not bound(logged(lambda order=None: order)).is_async


def test_an_async_decorator_makes_a_plain_function_async():
    def body(order: Order) -> None: ...

    @functools.wraps(body)
    async def around(*args):
        return await asyncio.to_thread(body, *args)

    assert bound(around).is_async
    assert sources(around) == {"order": Source.STORAGE}
