"""The quick way through a look decides as the long one does."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.property.limited import NAME, limited
from theflow.model.policy import ClassPolicy, Policies
from theflow.model.scheme import UNLIMITED
from theflow.model.shaping import Admission, _all_free, _Handout


def decided(admission: Admission) -> tuple[object, ...]:
    """What of a decision counts: a virtual time means nothing where nobody has a turn to wait for."""
    left = admission.settlement
    waiting = sorted(each.offset for each in admission.waiting)
    return admission.admitted, waiting, dict(left.turns), left.past, left.virtual if left.turns else None


@given(case=limited(), versions=st.sampled_from([(1, 2), (1, 2, 3)]))
def test_where_nothing_limits_a_class_both_ways_decide_alike(case, versions):
    policy = ClassPolicy(flow_class=NAME, concurrency=UNLIMITED, versions=versions)
    policies = Policies(classes={NAME: policy})
    plain = tuple(each._replace(level=0, run_at=None) for each in case.look.candidates)
    look = replace(case.look, candidates=plain, usage={}, paid={}, live={})
    quick = _all_free(look, policies, case.slots)
    assume(quick is not None)
    assert decided(quick) == decided(_Handout(look, policies, case.slots).decide())


@given(case=limited())
def test_the_quick_way_is_never_taken_where_a_limit_bears_on_the_class(case):
    if case.policies.counts(case.policy):
        assert _all_free(case.look, case.policies, case.slots) is None
