"""Each rule of the checker accepts a good history, and finds the one thing that is wrong in a bad one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.chaos.checker import RULES, Broken, check
from tests.chaos.history import FlowEnd, History, TaskEnd
from tests.chaos.recorder import Event
from tests.chaos.rules import effects, fencing, liveness, order, outcomes, reruns, resources, submits
from tests.chaos.tiny import audit_row, body, commit, event, good, with_audit, with_events

LOST = audit_row("runtime", "update", 1, owner=5, term=2, old="live", new="lost")
SECOND = audit_row("runtime", "insert", 2, owner=0, term=1, new="live")
FREED = audit_row("job_event", "update", 1, term=0, old="1")
TAKEN = audit_row("job_event", "update", 1, owner=2, term=0)
JOIN = audit_row("flow_task", "insert", 1, name="join", owner=1, term=1, new="succeeded", value="v-join")


def test_a_good_history_breaks_no_rule():
    assert [(name, list(rule(good()))) for name, rule in RULES if list(rule(good()))] == []
    check(good(), {"submits": 1, "outcomes": 4})


# --- C1 ---------------------------------------------------------------------------------------------------------------
def test_an_acknowledged_submit_that_is_not_there_is_found():
    assert list(submits.lost_or_doubled_submits(replace(good(), flows=[])))


def test_a_submit_that_is_there_twice_is_found():
    history = replace(good(), flows=[*good().flows, FlowEnd(2, "diamond", "user1", "succeeded", "t1")])
    assert list(submits.lost_or_doubled_submits(history))


def test_a_flow_that_nobody_submitted_is_found():
    history = replace(good(), flows=[*good().flows, FlowEnd(2, "diamond", "user1", "succeeded", "t9")])
    assert list(submits.lost_or_doubled_submits(history))


@pytest.mark.parametrize(
    ("phases", "objections"), [(["fail"], 1), (["unknown"], 0), (["unknown", "invoke", "fail"], 0)]
)
def test_a_failed_submit_must_not_be_there_and_one_in_doubt_may(phases, objections):
    asked = [event(1.5, "submit", each, tickets=["t2"], error="gone") for each in ("invoke", *phases)]
    history = replace(with_events(good(), *asked), flows=[*good().flows, FlowEnd(2, "diamond", "u", "succeeded", "t2")])
    assert len(list(submits.lost_or_doubled_submits(history))) == objections


# --- C2 ---------------------------------------------------------------------------------------------------------------
def test_an_outcome_that_changes_is_found():
    history = with_audit(good(), JOIN._replace(op="update", old="succeeded", value="other"))
    assert list(outcomes.changed_outcomes(history))


def test_a_result_that_no_body_returned_is_found():
    history = replace(good(), tasks=[task._replace(value="v-other") for task in good().tasks])
    assert len(list(outcomes.outcomes_of_nobody(history))) == 8


def test_a_result_of_another_incarnation_is_found():
    history = replace(good(), tasks=[good().tasks[0]._replace(runtime=2)])
    assert list(outcomes.outcomes_of_nobody(history))


@pytest.mark.parametrize(("turn", "objections"), [(4, 1), (9, 0), (5, 0)])
def test_an_outcome_that_two_turns_have_written_is_found(turn, objections):
    # Turn 4 has happened, turn 9 never has, and turn 5 is the one that wrote it.
    again = with_events(good(), commit(5.25, "unknown", "join", turn=turn))
    assert len(list(outcomes.outcomes_of_two_turns(again))) == objections


@pytest.mark.parametrize(("value", "objections"), [("v-join", 1), ("never-written", 0)])
def test_a_turn_that_was_used_up_has_not_written_the_outcome_of_a_body(value, objections):
    lost = commit(5.25, "unknown", "join", turn=4)
    again = with_events(good(), replace(lost, about={**lost.about, "lent": value}))
    assert len(list(outcomes.outcomes_of_two_turns(again))) == objections


def test_a_line_that_was_logged_twice_is_found():
    assert list(outcomes.repeated_logs(replace(good(), logged={"v-left": 2})))


def test_a_storage_that_misses_what_a_task_put_there_is_found():
    flow = FlowEnd(1, "chain", "user1", "succeeded", "t1", ("a", "b", "c"))
    assert list(outcomes.strange_storages(replace(good(), flows=[flow])))


# --- C3 ---------------------------------------------------------------------------------------------------------------
def test_a_body_that_begins_after_its_outcome_was_known_is_found():
    assert list(reruns.bodies_after_outcomes(with_events(good(), body(9.0, "invoke", "left", value="again"))))


def test_a_body_that_was_on_its_way_when_its_process_was_stopped_is_no_rerun():
    stopped = event(2.4, "fault", "invoke", number=1, kind="pause", target="ann", pid=100)
    gone_on = event(9.0, "fault", "ok", number=1, kind="pause", target="ann", pid=100)
    late = body(9.01, "invoke", "left", value="again")
    assert list(reruns.bodies_after_outcomes(with_events(good(), stopped, gone_on, late))) != []
    own = replace(late, about={**late.about, "inc": 2})
    claimed = with_audit(good(), SECOND, TAKEN, at=4)
    assert list(reruns.bodies_after_outcomes(with_events(claimed, stopped, gone_on, own))) == []


def test_a_body_of_a_runtime_that_never_claimed_its_flow_is_found():
    assert list(reruns.bodies_after_outcomes(with_events(good(), body(2.05, "invoke", "left", inc=2, value="x"))))


def overlap(*faults: Event) -> History:
    beats = [event(0.25 * number, "beat", "ok", inc=1) for number in range(40)]
    return with_events(good(), body(3.05, "invoke", "left", inc=2, value="x"), *beats, *faults)


def test_two_runs_of_a_task_at_the_same_time_are_found():
    assert list(reruns.unexcused_overlaps(overlap()))


def test_two_runs_of_a_task_at_the_same_time_are_excused_by_a_pause():
    pause = [event(mono, "fault", phase, number=1, kind="pause") for mono, phase in ((2.5, "invoke"), (3.5, "ok"))]
    assert not list(reruns.unexcused_overlaps(overlap(*pause)))


def test_two_runs_of_a_task_at_the_same_time_are_not_excused_by_a_kill():
    kill = [event(mono, "fault", phase, number=1, kind="kill") for mono, phase in ((2.5, "invoke"), (3.5, "ok"))]
    assert list(reruns.unexcused_overlaps(overlap(*kill)))


# --- C4 ---------------------------------------------------------------------------------------------------------------
def test_a_write_of_a_runtime_that_was_taken_over_is_found():
    assert list(fencing.writes_of_others(with_audit(good(), LOST, at=6)))


def test_a_write_on_a_flow_that_another_runtime_holds_is_found():
    assert list(fencing.writes_of_others(with_audit(good(), SECOND, FREED, TAKEN, at=6)))


def test_a_flow_that_changes_hands_without_a_release_is_found():
    assert list(fencing.writes_of_others(with_audit(good(), SECOND, TAKEN, FREED._replace(owner=1), at=4)))


def test_a_turn_that_was_acknowledged_and_never_opened_is_found():
    assert list(fencing.turns_without_marker(with_events(good(), commit(8.0, "ok", "join", turn=9))))


def test_a_refusal_without_a_take_over_is_found():
    refused = with_events(good(), commit(8.0, "fenced", "join", turn=9))
    assert list(fencing.refused_for_nothing(refused))
    assert not list(fencing.refused_for_nothing(with_audit(refused, LOST)))


def test_a_refusal_after_a_lost_answer_is_in_order():
    refused = [commit(8.0, "unknown", "join", turn=9), commit(8.1, "fenced", "join", turn=9)]
    assert not list(fencing.refused_for_nothing(with_events(good(), *refused)))


# --- C5 ---------------------------------------------------------------------------------------------------------------
def later_flow() -> History:
    return replace(good(), flows=[*good().flows, FlowEnd(2, "diamond", "user1", "running", "t2")])


def test_a_flow_that_overtakes_another_of_its_queue_is_found():
    early = [audit_row("job_event", "insert", 2), audit_row("job_event", "update", 2, owner=1, term=0)]
    assert list(order.overtaken_flows(with_audit(later_flow(), *early, at=6)))
    assert not list(order.overtaken_flows(with_audit(later_flow(), *early)))


def test_a_flow_that_begins_before_the_one_before_it_has_ended_is_found():
    early = event(4.05, "body", "invoke", offset=2, task="source", attempt=1, inc=1, value="x")
    assert list(order.overlapping_flows(with_events(later_flow(), early)))
    assert not list(order.overlapping_flows(with_events(later_flow(), replace(early, mono=9.0))))


def test_a_child_that_begins_before_its_parent_has_returned_is_found():
    assert list(order.early_children(with_events(good(), body(2.05, "invoke", "left", value="early"))))


def test_a_child_that_begins_before_the_outcome_of_its_parent_is_on_disk_is_found():
    assert list(order.early_children(with_events(good(), body(2.25, "invoke", "left", value="early"))))


# --- C6 ---------------------------------------------------------------------------------------------------------------
def test_a_task_that_succeeded_without_an_effect_is_found():
    history = replace(good(), events=[one for one in good().events if one.ev != "effect"])
    assert len(list(effects.effects_off_the_record(history))) == 4


def test_a_task_that_ran_more_often_than_its_flow_was_claimed_is_found():
    assert list(effects.effects_off_the_record(with_events(good(), body(2.05, "invoke", "left", value="again"))))


@pytest.mark.parametrize(
    ("after", "moves", "objections"),
    [({"a": 7, "b": 3}, 3, 0), ({"a": 7, "b": 2}, 3, 1), ({"a": 6, "b": 4}, 3, 1), ({"a": 7, "b": 3}, 4, 1)],
)
def test_money_is_neither_made_nor_lost_and_moves_once_a_task(after, moves, objections):
    flows = [FlowEnd(number, "chain", "user1", "succeeded", f"t{number}") for number in range(moves)]
    tasks = [TaskEnd(number, "third", "succeeded", 1, 1, f"v{number}") for number in range(moves)]
    bank = replace(good(), flows=flows, tasks=tasks, founded={"a": 10, "b": 0}, accounts=after)
    assert len(list(effects.bank_off_balance(bank))) == objections


@pytest.mark.parametrize(
    ("phase", "outcome", "objections"),
    [("fail", "v2", 0), ("unknown", "v2", 0), ("ok", "v2", 1), ("unknown", "v1", 1)],
)
def test_a_transactional_body_runs_again_in_its_claim_only_if_the_first_run_left_nothing(phase, outcome, objections):
    about = {"offset": 1, "task": "third", "attempt": 1, "inc": 1}
    runs = [event(9.0 + number, "body", "invoke", **about, value=f"v{number}") for number in (1, 2)]
    told = event(10.5, "commit", phase, inc=1, turn=6, outcomes=[(1, "third", 1)], lent="v1", error="")
    saved = audit_row("flow_task", "insert", 1, name="third", owner=1, term=1, new="succeeded", value=outcome)
    history = with_audit(with_events(good(), *runs, told), saved)
    history = replace(history, flows=[FlowEnd(1, "chain", "user1", "succeeded", "t1")])
    assert len(list(effects.effects_off_the_record(history))) == objections


def test_a_transactional_body_runs_again_in_its_claim_if_the_database_has_rolled_it_back():
    about = {"offset": 1, "task": "third", "attempt": 1, "inc": 1}
    runs = [event(9.0 + number, "body", "invoke", **about, value=f"v{number}") for number in (1, 2)]
    history = replace(good(), flows=[FlowEnd(1, "chain", "user1", "succeeded", "t1")])
    for rolled_back in (True, False):
        failed = event(10.5, "body", "fail", **about, value="v1", rolled_back=rolled_back)
        found = list(effects.effects_off_the_record(with_events(history, *runs, failed)))
        assert bool(found) is not rolled_back


# --- C10 and C11 ------------------------------------------------------------------------------------------------------
def test_threads_that_stay_after_the_faults_are_found():
    samples = [event(mono, "sample", threads=threads) for mono, threads in ((1.0, 6), (5.0, 20), (9.0, 8))]
    fault = event(2.0, "fault", "invoke", number=1, kind="cut")
    assert list(resources.kept_resources(with_events(good(), fault, *samples)))
    assert not list(resources.kept_resources(with_events(good(), fault, *samples[:1], event(9.0, "sample", threads=6))))


def test_a_flow_that_never_ends_is_found():
    assert list(liveness.stuck_flows(later_flow()))


def test_a_flow_that_failed_is_found():
    assert list(liveness.failed_flows(replace(good(), flows=[good().flows[0]._replace(status="failed")])))


def test_a_runtime_whose_last_answers_were_errors_is_found():
    beats = [event(8.0 + number, "beat", "ok", inc=1) for number in range(5)]
    alive = event(20.0, "alive", name="ann")
    assert not list(liveness.sick_runtimes(with_events(good(), *beats, alive)))
    assert list(liveness.sick_runtimes(with_events(good(), *beats, event(14.0, "beat", "fail", inc=1), alive)))


def test_a_run_that_saw_too_little_is_void():
    with pytest.raises(Broken, match="it saw 0 takeovers, and needs 1"):
        check(good(), {"submits": 1, "takeovers": 1})
