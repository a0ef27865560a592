"""What does not survive storage is refused with its path: at the submit, or as the failure of the task."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.runtime.works import one_task
from theflow import Context, FlowStatus, JobMeta
from theflow.database.codec import encode_input, encode_object
from theflow.errors import DataRefused

RING: list[Any] = []
RING.append(RING)


class Text(str):
    __slots__ = ()


class Raising(dict):
    def items(self):
        raise RuntimeError("no items today")


BAD = {
    "nan": float("nan"),
    "infinity": float("inf"),
    "minus infinity": float("-inf"),
    "NUL": "a\0b",
    "NUL in a str of its own kind": Text("a\0b"),
    "surrogate": "a\ud800b",
    "NUL key": {"a\0b": 1},
    "surrogate key": {"\udfff": 1},
    "64 bits": 2**63,
    "minus 64 bits": -(2**63) - 1,
    "too large": "x" * 1_100_000,
    "number key": {1: 2},
    "set of lists": {(1, 2): 3},
    "generator": (number for number in range(3)),
    "lock": threading.Lock(),
    "ring": RING,
    "deep": eval("[" * 150 + "]" * 150),  # noqa: S307 - nested deeper than a literal in this file may be
    "class": dict,
}
bad = pytest.mark.parametrize("value", BAD.values(), ids=BAD.keys())


@dataclass
class Box:
    """A storage that takes anything."""

    inside: Any = None
    items: list[Any] = field(default_factory=list)


@bad
def test_a_bad_value_in_the_input_is_refused_with_its_path(works, value):
    with pytest.raises(DataRefused) as refused:
        works.client.create_job(JobMeta(flow_class="single", input={"inside": [value]}))
    assert refused.value.path.startswith("$")
    assert works.client.find_flows().items == ()


@bad
def test_f35_a_bad_result_fails_its_task_with_its_path(works, value):
    ended = works.run(one_task(lambda: {"inside": value}))
    assert ended.status is FlowStatus.FAILED
    assert ended.task("only").error.type == "theflow.errors.DataRefused"
    assert ended.task("only").error.message.startswith("result")


@bad
def test_f35_a_bad_value_in_the_storage_fails_its_task_and_changes_nothing(works, value):
    def spoil(ctx: Context[Box]) -> None:
        ctx.storage.inside = value

    ended = works.run(one_task(spoil, storage=Box), Box(items=[1]))
    assert ended.status is FlowStatus.FAILED
    assert ended.task("only").error.message.startswith("storage")
    assert ended.storage == Box(items=[1])


@bad
def test_a_bad_value_in_an_error_does_not_keep_its_task_from_failing(works, value):
    def fail() -> None:
        raise ValueError(value)

    ended = works.run(one_task(fail))
    assert ended.status is FlowStatus.FAILED
    assert ended.task("only").error.type == "ValueError"


def test_text_that_cannot_be_stored_is_written_out_in_logs_and_errors(works):
    def speak(ctx: Context[dict]) -> None:
        ctx.log.info("a\0b \ud800")
        raise ValueError("c\0d \udfff")

    ended = works.run(one_task(speak))
    assert [line.message for line in works.client.logs(ended.flow_id)] == ["a\\x00b \\ud800"]
    assert ended.task("only").error.message == "c\\x00d \\udfff"


def test_the_path_of_a_bad_value_leads_to_it():
    with pytest.raises(DataRefused, match=r"\$\.items\[3\]\.price") as refused:
        raise_for({"items": [{}, {}, {}, {"price": float("nan")}]})
    assert "nan" in refused.value.problem


@pytest.mark.parametrize(("given", "path"), [({"items": 3}, "$.items"), ([1], "$"), ("text", "$"), (3, "$")])
def test_an_input_of_the_wrong_type_is_refused_with_the_path_of_the_bad_field(works, given, path):
    with pytest.raises(DataRefused) as refused:
        works.submit(one_task(lambda: None, storage=Box), given)
    assert refused.value.path == path


def test_values_at_the_edge_come_back_as_they_were(works):
    value = {"least": -(2**63), "most": 2**63 - 1, "small": 5e-324, "text": "é\u2028\U0010ffff\x7f", "none": None}
    ended = works.run(one_task(lambda: value))
    assert ended.task("only").result == value


def test_f35_a_dictionary_that_raises_while_it_is_stored_fails_its_task(works):
    ended = works.run(one_task(lambda: Raising(a=1)))
    assert ended.status in (FlowStatus.FAILED, FlowStatus.SUCCEEDED)


def raise_for(value: object) -> None:
    """Make the way that an input makes."""
    encode_object(value)


@dataclass
class Tags:
    """A storage that holds sets, directly and below."""

    names: set[int]
    below: list[frozenset[int]] = field(default_factory=list)


def test_a_set_is_stored_alike_whatever_its_order_in_memory():
    # Both fall into one place of the table, and stand there in the order in which they came.
    one, other = {8, 0}, {0, 8}
    assert list(one) != list(other)
    stored = encode_input(Tags(one, [frozenset([8, 0])]), Tags)
    assert stored == encode_input(Tags(other, [frozenset([0, 8])]), Tags)
