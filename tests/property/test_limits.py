"""Admission under limits of every kind: never over one, slots and tokens together, in order, nobody waits in vain."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given

from tests.property.limited import NAME, NANO, NOW, USERS, limited, started
from theflow.model.limit import Scope, ScopeKind
from theflow.model.look import STEP
from theflow.model.scheme import UNLIMITED


@given(case=limited())
def test_every_flow_is_let_in_or_waits_with_a_reason(case):
    admission = case.admit()
    offsets = [each.offset for each in started(admission)] + [each.offset for each in admission.waiting]
    assert sorted(offsets) == sorted(each.offset for each in case.look.candidates)
    assert all(each.reason and each.code for each in admission.waiting)


@given(case=limited())
def test_nothing_is_ever_let_in_over_a_cap_of_any_kind(case):
    admission = case.admit()
    after = case.after(admission)
    touched = {scope for each in started(admission) for scope in case.units_by_scope(each)}
    for scope in touched:
        most = case.policies.limit_of(scope).capacity
        assert most is None or after.look.usage[scope] <= most
    assert len(admission.admitted) <= case.slots


@given(case=limited())
def test_no_queue_runs_more_than_its_own_concurrency(case):
    admission = case.admit()
    after = case.after(admission)
    for user in {each.user for each in started(admission)}:
        assert after.held[user] <= case.concurrency(user)


@given(case=limited())
def test_a_resource_of_which_nobody_said_how_much_there_is_is_given_to_nobody(case):
    unknown = [
        name for name, _ in case.policy.uses if case.policies.limit_of(Scope(ScopeKind.RESOURCE, name)).capacity is None
    ]
    if unknown:
        assert not case.admit().admitted


@given(case=limited())
def test_no_bucket_gives_more_tokens_than_it_holds(case):
    taken = Counter()
    for each in started(case.admit()):
        taken.update(case.tokens_by_scope(each))
    for scope, units in taken.items():
        assert units * case.rate(scope).gap <= case.level(scope)


@given(case=limited())
def test_slots_and_tokens_are_taken_together_or_not_at_all(case):
    admission = case.admit()
    taken = Counter()
    for each in started(admission):
        taken.update(case.tokens_by_scope(each))
    paid = dict(admission.settlement.paid)
    for scope, units in taken.items():
        rate = case.rate(scope)
        most = rate.burst * rate.gap
        assert paid.pop(scope) == NOW * NANO + most - case.level(scope) + units * rate.gap
    # What is left is what no clock of now and no rate of now could have made.
    assert all(saved == case.rate(scope).bounded(case.look.paid[scope], NOW) for scope, saved in paid.items())
    assert all(saved < case.look.paid[scope] for scope, saved in paid.items())


@given(case=limited())
def test_what_was_let_in_before_pays_no_rate_again(case):
    paid = tuple(each._replace(charged=1) for each in case.look.candidates)
    again = replace(case, look=replace(case.look, candidates=paid)).admit()
    assert again.settlement.paid == ()
    assert not any(each.code == "rate" for each in again.waiting)


@given(case=limited())
def test_what_starts_of_an_ordered_queue_is_the_front_of_its_line(case):
    admitted = started(case.admit())
    for user in USERS:
        if case.concurrency(user) < UNLIMITED:
            mine = [each for each in admitted if each.user == user]
            assert mine == case.line(user)[: len(mine)]


@given(case=limited())
def test_nobody_waits_for_what_he_could_have(case):
    admission = case.admit()
    after = case.after(admission)
    if case.look.horizon is None and after.slots > 0:
        assert not [each.offset for each in after.look.candidates if after.could_start(each)]


@given(case=limited())
def test_a_second_look_right_after_the_first_lets_nobody_in(case):
    if case.look.horizon is None:
        after = case.after(case.admit())
        assert not replace(after, look=replace(after.look, virtual=case.look.virtual)).admit().admitted


@given(case=limited())
def test_nobody_is_let_in_before_users_that_were_not_read(case):
    if case.look.horizon is None:
        return
    turns = {user: case.look.turn_of(user) for user in USERS}
    for each in started(case.admit()):
        assert (-each.priority, turns[each.user]) <= case.look.horizon
        turns[each.user] += round(STEP / case.policies.weight_of(NAME, each.user))


@given(case=limited())
def test_turns_are_left_as_they_are_after_what_was_let_in_or_mean_nothing_any_more(case):
    admission = case.admit()
    left = admission.settlement
    steps = Counter(each.user for each in started(admission))
    assert left.virtual >= case.look.virtual
    assert not (left.past and left.turns)
    for user, turn in left.turns:
        step = round(STEP / case.policies.weight_of(NAME, user))
        assert turn == case.look.turn_of(user) + steps[user] * step
        assert left.virtual >= turn - step


@given(case=limited())
def test_a_look_says_when_the_first_bucket_has_tokens_again(case):
    admission = case.admit()
    waits = [each for each in admission.waiting if each.code == "rate"]
    if admission.again_at is not None:
        assert admission.again_at > NOW
    else:
        assert not waits


@given(case=limited())
def test_a_class_is_closed_only_where_nothing_more_of_it_could_start(case):
    admission = case.admit()
    if admission.closed:
        after = case.after(admission)
        tokens = [each._replace(offset=99, units=1, charged=0) for each in case.look.candidates]
        assert not any(after.has_room(each) for each in tokens)
