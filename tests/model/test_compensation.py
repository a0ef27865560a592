"""What undoes a task is declared beside it, and checked with the scheme: what is wrong names the task and the mend."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.model.flows import commands, failed, scheme_of, started, succeeded, tell
from theflow.errors import SchemeError
from theflow.model.decide import decide
from theflow.model.mapping import Map
from theflow.model.message import Revert, RunTask, TaskChosen, TaskSkipped
from theflow.model.repetition import Repeat
from theflow.model.retry import Retry
from theflow.model.scheme import FlowScheme
from theflow.model.status import FlowStatus
from theflow.model.undo import Undo


@dataclass
class Order:
    """A storage."""

    id: str = ""


def charged() -> FlowScheme:
    """A scheme of two tasks."""
    scheme = FlowScheme("order", storage=Order)
    scheme.add(lambda: "paid", name="charge")
    scheme.add(lambda: "packed", name="pack", after=["charge"])
    return scheme


def compensated(body, **options) -> FlowScheme:
    """The scheme, with something that undoes its second task."""
    scheme = FlowScheme("order", storage=Order)
    scheme.add(lambda: "paid", name="charge")
    scheme.add(lambda: "packed", name="pack", after=["charge"]).compensate(body, **options)
    return scheme


def test_a_compensation_stays_a_plain_function():
    scheme = charged()

    @scheme.task
    def ship(order: Order) -> str:
        return order.id

    @ship.compensate
    def call_back(order: Order, ship: str) -> str:
        return f"{order.id} {ship}"

    assert call_back(Order("A"), "shipped") == "A shipped"
    assert scheme.undos["ship"].body is call_back


def test_a_compensation_has_its_options_and_the_name_of_its_task():
    retry = Retry(attempts=5)

    def unpack(undo: Undo, pack: str, **others: str) -> None:
        """Its parameters: why, what the task returned, and what came before it."""

    undo = compensated(unpack, retry=retry, timeout=9, transactional=True).undos["pack"]
    assert (undo.name, undo.retry, undo.timeout, undo.transactional) == ("pack/undo", retry, 9, True)
    assert [(each.name, each.source.name) for each in undo.parameters[:2]] == [("undo", "UNDO"), ("pack", "RESULT")]
    assert undo.others == ("charge",)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"timeout": 0}, "task 'pack/undo': timeout is 0"),
        ({"retry": 3}, r"task 'pack/undo': retry is 3; give it theflow.Retry"),
    ],
)
def test_options_that_are_none_are_refused(options, problem):
    with pytest.raises(SchemeError, match=problem):
        _ = compensated(lambda: None, **options).orchestration


def test_what_nobody_fills_is_refused():
    def unpack(box: int) -> None:
        """Take a parameter that nobody fills."""

    with pytest.raises(SchemeError, match=r"task 'pack/undo': nobody fills parameter 'box'.*\(charge, pack\)"):
        _ = compensated(unpack).orchestration


def test_only_a_compensation_is_told_why():
    def pack(why: Undo) -> None:
        """Want to know what no task knows."""

    scheme = charged()
    scheme.add(pack, name="third")
    with pytest.raises(SchemeError, match="nobody fills parameter 'why'"):
        _ = scheme.orchestration


def test_a_transactional_compensation_is_no_coroutine():
    async def unpack() -> None:
        """Await what a transaction cannot wait for."""

    with pytest.raises(SchemeError, match="'pack/undo' is transactional and async"):
        _ = compensated(unpack, transactional=True).orchestration


def test_one_task_has_one_compensation():
    task = charged().add(lambda: None, name="ship")
    task.compensate(lambda: None)
    with pytest.raises(SchemeError, match="task 'ship' has two compensations"):
        task.compensate(lambda: None)


def test_a_name_under_which_a_compensation_is_recorded_is_no_name_of_a_task():
    scheme = compensated(lambda: None)
    scheme.add(lambda: None, name="pack/undo")
    with pytest.raises(SchemeError, match="'pack/undo' has the name under which the compensation of task 'pack'"):
        _ = scheme.orchestration


def test_a_scheme_in_use_takes_no_compensation():
    scheme = charged()
    task = scheme.tasks["pack"]
    with pytest.raises(SchemeError, match="in use already"):
        task.compensate(lambda: None)


def test_what_is_no_task_of_a_flow_cannot_be_undone():
    hook = charged().on_failure(lambda: None)
    with pytest.raises(SchemeError, match="there is nothing to undo"):
        hook.compensate(lambda: None)


@pytest.mark.parametrize("what", ["on_failure", "on_cancel"])
def test_a_policy_that_nobody_knows_is_refused(what):
    with pytest.raises(SchemeError, match=f'{what} is \'undo\'; write "stop" or "rollback"'):
        FlowScheme("order", **{what: "undo"})


def test_options_that_nobody_knows_are_refused():
    with pytest.raises(TypeError, match="takes no on_fail"):
        FlowScheme("order", on_fail="rollback")
    with pytest.raises(TypeError, match="a compensation takes no after"):
        compensated(lambda: None, after=[])


def test_a_task_without_a_compensation_still_orders_those_around_it():
    scheme = scheme_of()
    scheme.add(lambda: None, name="a").compensate(lambda: None)
    scheme.add(lambda: None, name="b", after=["a"])
    scheme.add(lambda: None, name="c", after=["b"]).compensate(lambda: None)
    flow = tell(started(scheme), succeeded("a"), succeeded("b"), succeeded("c"))
    decision = decide(flow, Revert("", "by ann"), 0)
    assert [each.task.name for each in commands(decision, RunTask)] == ["c/undo"]
    decision = decide(decision.flow, succeeded("c/undo"), 0)
    assert [each.task.name for each in commands(decision, RunTask)] == ["a/undo"]
    assert tell(decision.flow, succeeded("a/undo")).status is FlowStatus.REVERTED


def test_a_task_that_failed_by_itself_is_not_undone():
    scheme = scheme_of()
    for name in ("a", "b"):
        scheme.add(lambda: None, name=name).compensate(lambda: None)
    flow = tell(started(scheme), succeeded("a"), failed("b"))
    runs = commands(decide(flow, Revert("", "by ann"), 0), RunTask)
    assert [each.task.name for each in runs] == ["a/undo"]
    assert runs[0].task.undo == Undo(reason="by ann; it had failed: ValueError: boom", unknown=False, task="a")


@pytest.mark.parametrize(
    ("options", "kind"),
    [({"map": Map("items")}, "mapped"), ({"repeat": Repeat(until=lambda: True, max=2)}, "repeated")],
)
def test_a_task_that_is_done_in_parts_takes_no_compensation(options, kind):
    price = FlowScheme("order").add(lambda: None, name="price", **options)
    with pytest.raises(SchemeError, match=f"compensate: task 'price' is {kind}; undo it in a task of its own"):
        price.compensate(lambda: None)


@pytest.mark.parametrize(("asked", "undone"), [(TaskSkipped("pack"), []), (TaskChosen("pack"), ["pack/undo"])])
def test_a_task_that_was_skipped_is_not_undone(asked, undone):
    scheme = FlowScheme("order")
    scheme.add(lambda: None, name="pack", when=lambda: True).compensate(lambda: None)
    events = [asked, succeeded("pack")] if undone else [asked]
    flow = tell(started(scheme), *events)
    decision = decide(flow, Revert("", "by ann"), 0)
    assert [task.task.name for task in decision.commands if isinstance(task, RunTask)] == undone
