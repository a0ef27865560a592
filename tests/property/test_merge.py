"""What parallel tasks write is merged the same way in any order, or refused by name."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.property.story import body, pending
from tests.property.watch import Watch
from theflow.model.flow import Flow
from theflow.model.message import Decision, Started, TaskSucceeded
from theflow.model.scheme import FlowScheme
from theflow.model.status import FlowStatus

FIELDS = st.sampled_from(["x", "y", "z"])
VALUES = st.sampled_from([b"1", b"2", None])
WRITES = st.dictionaries(FIELDS, VALUES, max_size=3)


@given(first=WRITES, second=WRITES, kept=st.dictionaries(FIELDS, st.just(b"0")))
def test_parallel_writes_that_agree_are_merged_alike_in_both_orders(first, second, kept):
    assume(all(first[name] == second[name] for name in first.keys() & second.keys()))
    flow = began("a", "b", storage=kept)
    one = end(end(flow, "a", first).flow, "b", second).flow
    other = end(end(flow, "b", second).flow, "a", first).flow
    assert one.plan.storage == other.plan.storage
    written = {**kept, **first, **second}
    assert one.plan.storage == {name: value for name, value in written.items() if value is not None}
    assert one.status is FlowStatus.SUCCEEDED


@given(first=WRITES, second=WRITES)
def test_parallel_writes_that_differ_are_a_conflict_that_names_both_tasks_and_the_field(first, second):
    clashes = {name for name in first.keys() & second.keys() if first[name] != second[name]}
    assume(clashes)
    for early, late, late_name in ((first, second, "b"), (second, first, "a")):
        flow = end(began("a", "b"), "ab".replace(late_name, ""), early).flow
        decision = end(flow, late_name, late)
        assert decision.flow.failure is not None
        assert decision.flow.failure.type == "StorageConflict"
        assert "'a'" in decision.flow.failure.message
        assert "'b'" in decision.flow.failure.message
        assert any(repr(name) in decision.flow.failure.message for name in clashes)
        assert decision.flow.plan.storage == flow.plan.storage


@given(first=WRITES, second=WRITES)
def test_a_task_that_comes_after_another_may_write_the_same_fields(first, second):
    scheme = FlowScheme("story")
    scheme.add(body, name="a")
    scheme.add(body, name="b", after=["a"])
    flow = Watch().decide(Flow.from_data(pending(), scheme), Started(), 0).flow
    flow = end(end(flow, "a", first).flow, "b", second).flow
    assert flow.status is FlowStatus.SUCCEEDED
    assert flow.plan.storage == {name: each for name, each in {**first, **second}.items() if each is not None}


@given(writes=st.permutations(["a", "b", "c", "d"]))
def test_fields_of_their_own_are_merged_alike_in_any_order(writes):
    flow = began("a", "b", "c", "d")
    for name in writes:
        flow = end(flow, name, {name: b"1"}).flow
    assert flow.plan.storage == dict.fromkeys("abcd", b"1")


def began(*names: str, storage: dict[str, bytes] | None = None) -> Flow:
    """A flow of parallel tasks that all run."""
    scheme = FlowScheme("story")
    for name in names:
        scheme.add(body, name=name)
    return Watch().decide(Flow.from_data(pending(storage=storage or {}), scheme), Started(), 0).flow


def end(flow: Flow, name: str, changes: dict[str, bytes | None]) -> Decision:
    """Let a task succeed that changed fields of the storage."""
    return Watch().decide(flow, TaskSucceeded(name, 1, b"null", changes, 0, 0), 0)
