"""Schedules that once broke an invariant, each reduced to what it takes."""

from __future__ import annotations

import pytest

from tests.simulation.machines import TTL, simulated
from tests.simulation.member import Member, Phase
from tests.simulation.regressions import SEEDS
from tests.simulation.replay import explore
from tests.simulation.schedules import named, seen_silent, silence_before_a_retry, started
from tests.simulation.world import World
from theflow.model.status import FlowStatus
from theflow.model.verb import CANCELLED_BEFORE
from theflow.model.view import DONE


@pytest.fixture
def world():
    with simulated():
        yield World()


@pytest.mark.parametrize(("seed", "steps"), SEEDS)
def test_what_once_failed_is_replayed(seed, steps):
    explore(range(seed, seed + 1), steps)


def test_a_runtime_knows_its_own_name_again_when_the_answer_was_lost(world):
    anna = started(world, "anna")
    take_over(world, anna)
    anna.line.faults += [("take_name", "unanswered"), ("runtimes", "unavailable")]
    anna.rejoin()
    assert anna.phase is Phase.LOST
    anna.rejoin()
    assert anna.phase is Phase.LIVE


def test_a_runtime_that_starts_late_trusts_itself_no_longer_than_since_it_took_its_name(world):
    anna = named(world, "anna")
    world.time.advance(TTL * 0.95)
    anna.start()
    world.submit("free", "u")
    anna.turn_and_admit()
    assert not anna.engine.flows
    anna.beat()
    anna.turn_and_admit()
    assert anna.engine.flows


def test_a_lost_answer_to_a_claim_is_not_taken_for_that_of_the_next_commit(world):
    anna = started(world, "anna")
    world.submit("line", "u")
    anna.turn_and_admit()
    anna.turn()
    world.submit("line", "v")
    anna.line.faults += [("claim", "unanswered"), ("read_turn", "unavailable"), ("commit", "unheard")]
    anna.turn_and_admit()
    world.end(anna, anna.bodies.under_way[0], "returns")
    anna.turn()
    anna.turn()
    world.heal()


def test_a_claim_that_arrives_late_is_refused_once_it_was_given_up(world):
    anna = started(world, "anna")
    world.submit("free", "u")
    anna.line.faults.append(("claim", "late"))
    anna.turn_and_admit()
    assert world.store.jobs()[0].owner is None
    anna.line.arrive()
    world.heal()


def test_a_flow_whose_hook_cannot_even_be_noted_is_let_go(world):
    anna = started(world, "anna")
    world.submit("fork", "u")
    anna.turn_and_admit()
    anna.turn()
    world.end(anna, anna.bodies.under_way[0], "gives up")
    anna.turn()
    anna.line.refused.add(1)
    world.end(anna, anna.bodies.under_way[0], "raises")
    anna.turn()
    assert world.store.jobs() == []


def test_what_was_claimed_and_never_came_in_hand_is_given_back(world):
    anna = started(world, "anna")
    world.submit("free", "u")
    anna.line.faults += [("claim", "unanswered"), ("give_back", "unavailable")]
    anna.turn_and_admit()
    assert world.store.jobs()[0].owner is not None
    world.heal()


def test_a_transaction_that_was_fenced_is_not_brought_to_its_commit_again(world):
    anna = started(world, "anna")
    world.submit("pay", "u")
    anna.turn_and_admit()
    anna.drain()
    carl = started(world, "carl")
    carl.sweep()
    world.time.advance(TTL)
    carl.beat()
    carl.sweep()
    world.end(anna, anna.bodies.under_way[0], "returns")
    anna.turn()
    anna.turn()
    world.heal()


@pytest.mark.parametrize("fault", ["unheard", "unanswered", "late"])
def test_rows_whose_commit_had_no_answer_are_there_once(world, fault):
    anna = started(world, "anna")
    world.submit("pay", "u")
    anna.turn_and_admit()
    anna.line.faults += [("commit", fault), ("read_turn", "unavailable")]
    world.end(anna, anna.bodies.under_way[0], "returns")
    for _ in range(3):
        anna.turn()
    anna.line.arrive()
    world.heal()
    assert len(world.store.rows) == 1


def test_that_a_turn_was_used_up_is_not_taken_for_the_commit_of_rows(world):
    anna = started(world, "anna")
    world.submit("pay", "u")
    anna.turn_and_admit()
    anna.line.faults += [("commit", "unheard"), ("commit", "unanswered")]
    world.end(anna, anna.bodies.under_way[0], "returns")
    anna.turn()
    anna.turn()
    assert anna.phase is Phase.LOST
    world.heal()
    assert len(world.store.rows) == 1


def test_a_body_of_a_flow_that_was_parked_is_not_heard_when_the_flow_is_let_in_again(world):
    anna = started(world, "anna")
    world.submit("free", "u")
    anna.turn_and_admit()
    world.time.advance(0.2)
    anna.line.refused.add(1)
    anna.turn()
    assert world.store.jobs()[0].parked
    assert anna.bodies.under_way == []
    anna.line.refused.clear()
    world.let_in(1)
    world.heal()


def test_a_retry_does_not_begin_once_others_may_have_taken_over(world):
    anna = silence_before_a_retry(world)
    assert anna.bodies.under_way == []
    world.heal()


def take_over(world: World, member: Member) -> None:
    """Let somebody else see that a runtime is silent."""
    seen_silent(world)
    member.beat()
    member.turn()
    assert member.phase is Phase.LOST


def test_a_flow_that_fails_ends_although_somebody_asks_for_a_pause_before_it_changes_hands(world):
    anna = started(world, "anna")
    world.submit("fork", "u")
    anna.turn_and_admit()
    world.end(anna, anna.bodies.under_way[0], "returns")
    anna.turn()
    world.end(anna, next(body for body in anna.bodies.under_way if body.name == "c"), "raises")
    anna.turn()
    world.do(1, "pause", {})
    world.kill(anna)
    world.heal()
    assert world.store.flow_rows()[1].status == FlowStatus.FAILED
    assert "it starts nothing more" in world.store.requests(1)[0].answer


def test_what_was_asked_before_a_cancel_is_not_heard_after_it(world):
    anna = started(world, "anna")
    world.submit("free", "u")
    anna.turn_and_admit()
    world.end(anna, anna.bodies.under_way[0], "returns")
    anna.turn()
    for _ in range(2):
        world.do(1, "retry_from", {"task": "a"})
    anna.turn_and_admit()
    anna.turn()
    world.cancel(1)
    world.kill(anna)
    world.heal()
    assert world.store.flow_rows()[1].status == FlowStatus.CANCELLED
    assert [request.answer for request in world.store.requests(1)] == [DONE, CANCELLED_BEFORE, DONE]
