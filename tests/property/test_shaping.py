"""Admission over any queues: within bounds, in order, leaving no place unused, with a reason for whoever waits."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import takewhile

from hypothesis import given
from hypothesis import strategies as st

from theflow.model.look import Candidate, Look
from theflow.model.policy import ClassPolicy, Policies
from theflow.model.queue_pause import QueuePause
from theflow.model.scheme import UNLIMITED
from theflow.model.shaping import Admission, admit

NOW = 1000
PAUSES = [(QueuePause("", user, "eve", "", 0),) for user in ("", "ann")]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A look, the policies, and the free places of the runtime."""

    look: Look
    policies: Policies
    slots: int

    def admit(self) -> Admission:
        """Ask for the decision."""
        return admit(self.look, self.policies, self.slots)

    def policy(self, candidate: Candidate) -> ClassPolicy | None:
        """The policy of the candidate's class."""
        return self.policies.classes.get(candidate.flow_class)

    def may_run(self, candidate: Candidate) -> bool:
        """Whether nothing but order and places keeps it from starting."""
        policy = self.policy(candidate)
        here = (
            policy is not None
            and policy.pause_of(candidate.user) is None
            and policy.version_for(candidate.version) is not None
        )
        return here and candidate.due(NOW)


@st.composite
def cases(draw):
    """Make up queues of three users in three classes, one of which nobody registers."""
    classes = {
        name: ClassPolicy(
            flow_class=name,
            concurrency=draw(st.sampled_from([1, 1, 2, 3, UNLIMITED])),
            versions=tuple(draw(st.sets(st.integers(1, 3), min_size=1))),
            pauses=draw(st.sampled_from([(), (), (), (), *PAUSES])),
        )
        for name in ("one", "two")
    }
    offsets = draw(st.permutations(range(24)))
    taken, count = draw(st.integers(0, 5)), draw(st.integers(0, 16))
    queues = st.tuples(st.sampled_from(["one", "two", "lost"]), st.sampled_from(["ann", "bob", "cid"]))
    live = defaultdict(tuple)
    for offset in offsets[:taken]:
        live[draw(queues)] += (offset,)
    candidates = tuple(draw(_candidate(offset, queues)) for offset in offsets[taken : taken + count])
    look = Look(now=NOW, candidates=candidates, live=dict(live))
    return Case(look=look, policies=Policies(classes=classes), slots=draw(st.integers(0, 8)))


@st.composite
def _candidate(draw, offset: int, queues):
    flow_class, user = draw(queues)
    return Candidate(
        offset=offset,
        flow_class=flow_class,
        user=user,
        version=draw(st.sampled_from([None, None, 1, 2, 3])),
        priority=draw(st.integers(-1, 1)),
        run_at=draw(st.sampled_from([None, None, None, NOW - 1, NOW, NOW + 1])),
    )


@given(case=cases())
def test_every_candidate_is_admitted_or_waits_with_a_reason(case):
    admission = case.admit()
    admitted = [each.candidate.offset for each in admission.admitted]
    waiting = [each.offset for each in admission.waiting]
    assert sorted(admitted + waiting) == sorted(each.offset for each in case.look.candidates)
    assert all(each.reason for each in admission.waiting)


@given(case=cases())
def test_nobody_starts_who_may_not(case):
    admission = case.admit()
    assert len(admission.admitted) <= case.slots
    for each in admission.admitted:
        assert case.may_run(each.candidate)
        assert each.version in case.policy(each.candidate).versions
        assert each.candidate.version in (None, each.version)


@given(case=cases())
def test_no_queue_runs_more_than_its_concurrency(case):
    running = {queue: len(offsets) for queue, offsets in case.look.live.items()}
    for each in case.admit().admitted:
        queue = (each.candidate.flow_class, each.candidate.user)
        running[queue] = running.get(queue, 0) + 1
        assert running[queue] <= case.policy(each.candidate).concurrency


@given(case=cases())
def test_a_queue_that_has_an_order_keeps_it(case):
    admitted = [each.candidate for each in case.admit().admitted]
    for queue in ordered_queues(case):
        due = sorted((each for each in queue if each.due(NOW)), key=lambda each: each.offset)
        first = list(takewhile(lambda each: each in admitted, due))
        assert [each for each in admitted if each in queue] == first


@given(case=cases())
def test_no_place_stays_free_for_which_somebody_waits(case):
    admission = case.admit()
    admitted = [each.candidate for each in admission.admitted]
    if len(admitted) == case.slots:
        return
    ordered = ordered_queues(case)
    for queue in ordered:
        due = sorted((each for each in queue if each.due(NOW)), key=lambda each: each.offset)
        live = case.look.live.get((queue[0].flow_class, queue[0].user), ())
        free = max(0, case.policy(queue[0]).concurrency - len(live))
        able = list(takewhile(case.may_run, due))
        assert [each for each in admitted if each in queue] == able[:free]
    alone = [each for each in case.look.candidates if not any(each in queue for queue in ordered)]
    assert all(each in admitted for each in alone if case.may_run(each))


@given(case=cases())
def test_of_two_that_could_both_start_the_larger_priority_goes_first_then_the_smaller_offset(case):
    heads = {}
    for queue in ordered_queues(case):
        due = [each for each in queue if each.due(NOW)]
        if due:
            heads[min(due, key=lambda each: each.offset).offset] = queue[0]
    admitted = [each.candidate for each in case.admit().admitted if each.candidate.offset in heads]
    able = [each for each in case.look.candidates if each.offset in heads and each in admitted]
    assert admitted == sorted(able, key=lambda each: (-each.priority, each.offset))


@given(case=cases(), order=st.randoms())
def test_the_order_in_which_candidates_are_read_does_not_matter(case, order):
    shuffled = list(case.look.candidates)
    order.shuffle(shuffled)
    again = Look(now=NOW, candidates=tuple(shuffled), live=case.look.live)
    assert admit(again, case.policies, case.slots) == case.admit()


def ordered_queues(case: Case) -> list[list[Candidate]]:
    """The candidates of each queue whose order counts."""
    queues = defaultdict(list)
    for candidate in case.look.candidates:
        policy = case.policy(candidate)
        if policy is not None and policy.ordered:
            queues[candidate.flow_class, candidate.user].append(candidate)
    return list(queues.values())
