"""A scheme finds the rules of its storage when it is built, and refuses those that do not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Annotated, Any, Generic, NewType, NotRequired, Optional, TypedDict, TypeVar

import msgspec
import pytest

from theflow import FlowScheme, Merge
from theflow.errors import SchemeError

Item = TypeVar("Item")
Cents = NewType("Cents", int)


@dataclass
class Basket(Generic[Item]):
    """A dataclass with every rule."""

    items: Annotated[list[Item], Merge.APPEND] = field(default_factory=list)
    path: Annotated[tuple[str, ...], Merge.APPEND] = ()
    lines: Annotated[Sequence[str], Merge.APPEND] = ()
    tags: Annotated[set[str], Merge.UNION] = field(default_factory=set)
    names: Annotated[Mapping[str, int], Merge.UNION] = field(default_factory=dict)
    total: Annotated[Cents, msgspec.Meta(ge=0), Merge.ADD] = Cents(0)
    best: Annotated[float | None, Merge.MAX] = None
    least: Optional[Annotated[int | float, Merge.MIN]] = None  # noqa: UP045 - as users still write it
    note: Annotated[Any, Merge.LAST] = None
    plain: int = 0


class Parcel(msgspec.Struct, rename="camel"):
    """A Struct whose fields have other names in JSON."""

    all_lines: Annotated[list[str], Merge.APPEND] = []


class Form(TypedDict):
    """A TypedDict."""

    seen: NotRequired[Annotated[list[str], Merge.UNION]]
    count: Annotated[int, Merge.ADD]
    other: int


class Model:
    """What pydantic makes of a class: types apart from what stands beside them."""

    model_fields: dict[str, Any] = {  # noqa: RUF012 - as pydantic has it
        "seen": SimpleNamespace(annotation=list[str], metadata=["x", Merge.APPEND]),
        "other": SimpleNamespace(annotation=int, metadata=[]),
    }


BASKET = {
    "items": Merge.APPEND,
    "path": Merge.APPEND,
    "lines": Merge.APPEND,
    "tags": Merge.UNION,
    "names": Merge.UNION,
    "total": Merge.ADD,
    "best": Merge.MAX,
    "least": Merge.MIN,
    "note": Merge.LAST,
}


@pytest.mark.parametrize(
    ("storage", "rules"),
    [
        (Basket, BASKET),
        (Basket[int], BASKET),
        (Parcel, {"allLines": Merge.APPEND}),
        (Form, {"seen": Merge.UNION, "count": Merge.ADD}),
        (Model, {"seen": Merge.APPEND}),
        (dict, {}),
        (dict[str, Annotated[int, Merge.ADD]], {}),
    ],
)
def test_a_rule_is_found_beside_the_type_of_its_field(storage, rules):
    assert FlowScheme("order", storage=storage).merges == rules


@pytest.mark.parametrize(
    ("annotation", "told"),
    [
        (Annotated[int, Merge.APPEND], "of type int, and Merge.APPEND is for a list"),
        (Annotated[tuple[int, str], Merge.APPEND], "is for a list"),
        (Annotated[str, Merge.UNION], "of type str, and Merge.UNION is for a set, a list or a dict"),
        (Annotated[bool, Merge.ADD], "of type bool, and Merge.ADD is for an int or a float"),
        (Annotated[int | str, Merge.MAX], "of type str, and Merge.MAX is for an int or a float"),
        (Annotated[Any, Merge.MIN], "of type Any"),
        (Annotated[Annotated[list[int], Merge.APPEND], Merge.UNION], "Merge.APPEND, Merge.UNION; keep one of them"),
    ],
)
def test_a_rule_that_does_not_fit_its_field_is_refused_when_the_scheme_is_built(annotation, told):
    storage = type("Box", (), {"__annotations__": {"value": annotation}, "__dataclass_fields__": {"value": None}})
    scheme = FlowScheme("order", storage=storage)
    scheme.add(lambda: None, name="a")
    with pytest.raises(SchemeError) as refused:
        scheme.orchestration  # noqa: B018 - builds and checks
    assert str(refused.value).startswith("flow 'order': field 'value' of storage type Box")
    assert told in str(refused.value)


def test_a_storage_that_leaves_out_defaults_cannot_tell_what_changed():
    class Thin(msgspec.Struct, omit_defaults=True):
        """Leaves out what is equal to its default."""

        count: int = 5

    Thin.__annotations__["count"] = Annotated[int, Merge.ADD]
    with pytest.raises(SchemeError, match="omit_defaults"):
        FlowScheme("order", storage=Thin).merges  # noqa: B018 - reads the rules


def test_annotations_that_cannot_be_found_are_refused_by_name():
    storage = type("Box", (), {"__annotations__": {"value": "Nowhere"}, "__dataclass_fields__": {"value": None}})
    with pytest.raises(SchemeError, match=r"storage type Box cannot be read .*Nowhere"):
        FlowScheme("order", storage=storage).merges  # noqa: B018 - reads the rules
