"""The order of tasks: known when the scheme is built, asked what may run next."""

from __future__ import annotations

import pytest

from theflow.errors import SchemeError
from theflow.model.orchestration import Chain, Dag
from theflow.model.scheme import FlowScheme
from theflow.model.status import TaskStatus


def test_a_cycle_is_named_with_its_mend():
    with pytest.raises(SchemeError) as refused:
        dag(a=["c"], b=["a"], c=["b"], d=[])
    message = str(refused.value)
    assert message.startswith("flow 'order': its tasks wait for each other in a cycle: ")
    assert all(name in message for name in ("'a'", "'b'", "'c'"))
    assert "'d'" not in message
    assert "take one of these tasks out of `after`, or rename the parameter" in message


def test_a_task_after_itself_is_a_cycle():
    with pytest.raises(SchemeError, match="in a cycle: 'a' -> 'a'"):
        dag(a=["a"])


def test_an_unknown_task_is_named_with_those_that_there_are():
    with pytest.raises(SchemeError) as refused:
        dag(pack=["charg"], charge=[])
    assert str(refused.value) == (
        "flow 'order': task 'pack' comes after 'charg', which is no task of it; its tasks are 'charge', 'pack'"
    )


def test_of_many_tasks_a_message_names_twenty():
    with pytest.raises(SchemeError, match=r"'t18' and 5 more$"):
        dag(**{f"t{number:02}": [] for number in range(24)}, last=["nobody"])


def test_tasks_may_come_after_tasks_that_are_declared_later():
    assert dag(a=["b"], b=[]).sources == (1,)


def test_what_may_run_first_are_the_tasks_after_nothing():
    order = dag(a=[], b=[], c=["a", "b"])
    assert order.next(order.fresh) == ("a", "b")


def test_the_last_task_that_held_another_back_lets_it_go():
    order = dag(a=[], b=[], c=["a", "b"])
    held, ready = order.ready_after(order.fresh, order.index["a"])
    assert ([(number, state.holds) for number, state in held], ready) == ([(2, 1)], [])
    plan = order.fresh._replace(states=order.fresh.states.set_many(held))
    assert order.ready_after(plan, order.index["b"]) == ([], [order.index["c"]])
    assert order.fresh.states[2].holds == 2


def test_a_follower_that_began_under_an_older_definition_keeps_its_outcome():
    order = dag(a=[], b=["a"])
    done = order.fresh.states[1].__class__(status=TaskStatus.SUCCEEDED, attempt=1)
    plan = order.fresh._replace(states=order.fresh.states.set(1, done))
    assert order.ready_after(plan, order.index["a"]) == ([], [])


def test_a_dag_can_see_its_scheme():
    assert dag(a=[]).scheme.name == "order"


def test_a_chain_runs_in_the_order_of_declaration():
    scheme = chain(a=[], b=[], c=[])
    assert {name: task.after for name, task in scheme.tasks.items()} == {"a": (), "b": ("a",), "c": ("b",)}
    assert isinstance(scheme.orchestration, Dag)


def test_a_chain_keeps_what_its_tasks_come_after_besides():
    assert chain(a=[], b=[], c=["a"]).tasks["c"].after == ("b", "a")


def test_a_chain_whose_task_waits_for_a_later_one_is_a_cycle():
    with pytest.raises(SchemeError, match="in a cycle"):
        chain(a=["b"], b=[]).tasks  # noqa: B018 - asking builds it


def dag(**after) -> Dag:
    """The order of tasks, each given with what it comes after."""
    return built(FlowScheme("order"), after).orchestration


def chain(**after) -> FlowScheme:
    """A chain of tasks, each given with what it comes after besides."""
    return built(FlowScheme("order", orchestration=Chain), after)


def built(scheme: FlowScheme, tasks) -> FlowScheme:
    """The scheme with tasks that do nothing."""
    for name, after in tasks.items():
        scheme.add(lambda: None, name=name, after=after)
    return scheme
