"""What becomes of a job whose key is taken: by its policy, and where the flow stands that has the key."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.database.builders import partial
from tests.model.test_job import job
from theflow.errors import InputError
from theflow.model.flow_data import FlowDataPartial
from theflow.model.job import OnConflict, check_name
from theflow.model.scheme import FlowScheme
from theflow.model.status import FlowStatus
from theflow.model.submission import KeyHolder, Step, key_of, next_step, parts, put_off
from theflow.model.view import FlowFilter

CREATE, RETURN, REJECT, REPLACE, CANCEL = Step.CREATE, Step.RETURN, Step.REJECT, Step.REPLACE, Step.CANCEL
PENDING = KeyHolder(7, "f", FlowStatus.PENDING, begun=False, held=False, asked=False, verbs=0, created_at=100)
BEGUN = PENDING._replace(begun=True)
NOW = 1_000_000


@pytest.mark.parametrize(
    ("holder", "steps"),
    [
        (None, (CREATE, CREATE, CREATE, CREATE)),
        (PENDING, (RETURN, REJECT, REPLACE, CANCEL)),
        (PENDING._replace(status=FlowStatus.PAUSED), (RETURN, REJECT, REPLACE, CANCEL)),
        (BEGUN._replace(status=FlowStatus.PAUSED), (RETURN, REJECT, CREATE, CANCEL)),
        (BEGUN._replace(status=FlowStatus.RUNNING, held=True), (RETURN, REJECT, CREATE, CANCEL)),
        (BEGUN._replace(status=FlowStatus.WAITING), (RETURN, REJECT, CREATE, CANCEL)),
        (BEGUN._replace(status=FlowStatus.PARKED), (RETURN, REJECT, CREATE, CANCEL)),
        (BEGUN._replace(status=FlowStatus.RUNNING, held=True, asked=True), (RETURN, REJECT, CREATE, CREATE)),
        (BEGUN._replace(status=FlowStatus.FAILED), (CREATE, CREATE, CREATE, CREATE)),
        (BEGUN._replace(status=FlowStatus.FAILED, verbs=1), (RETURN, REJECT, CREATE, CREATE)),
    ],
)
def test_a_policy_decides_by_where_the_flow_stands(holder, steps):
    assert tuple(next_step(policy, holder) for policy in OnConflict) == steps


@given(
    status=st.sampled_from(FlowStatus),
    facts=st.tuples(st.booleans(), st.booleans(), st.booleans(), st.integers(0, 2)),
    policy=st.sampled_from(OnConflict),
)
def test_nothing_that_has_begun_is_replaced_and_nothing_that_has_ended_is_in_the_way(status, facts, policy):
    begun, held, asked, verbs = facts
    holder = KeyHolder(7, "f", status, begun, held, asked, verbs, 0)
    step = next_step(policy, holder)
    assert step is not REPLACE or not (begun or held or asked)
    assert (step is CREATE) or not status.ended or verbs
    assert policy not in (OnConflict.RETURN, OnConflict.REJECT) or (step is CREATE) == (not holder.active)


@given(keys=st.lists(st.sampled_from([None, "a", "b"]), max_size=8))
def test_no_part_of_a_call_has_a_key_twice_and_the_order_stays(keys):
    flows = [partial(unique=key) for key in keys]
    found = parts(flows)
    assert [flow for part in found for flow in part] == flows
    for part in found:
        named = [key for flow in part if (key := key_of(flow)) is not None]
        assert len(named) == len(set(named))


def test_seconds_count_from_the_submit():
    flow = pending(delay=1.5, expires_in=3)
    assert (flow.run_at, flow.expires_at) == (NOW + 1_500_000, NOW + 3_000_000)
    assert pending(debounce=2, unique="k").run_at == NOW + 2_000_000


def test_a_push_goes_no_further_than_its_limit():
    flow = pending(debounce=2, debounce_limit=3, unique="k")
    assert put_off(flow, NOW - 1_500_000).run_at == NOW + 1_500_000
    assert put_off(flow, NOW).run_at == NOW + 2_000_000
    assert put_off(pending(debounce=2, unique="k"), 0).run_at == NOW + 2_000_000


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"delay": 1, "run_at": 5}, "delay: run_at says already when"),
        ({"debounce": 1, "delay": 1, "unique": "k"}, "debounce: delay says already when"),
        ({"expires_in": 1, "expires_at": 5}, "expires_in: expires_at says already"),
        ({"delay": -1}, "delay: expected 0 to"),
        ({"delay": float("nan")}, "delay: expected 0 to"),
        ({"delay": True}, "got True"),
        ({"expires_in": "1"}, "expires_in: expected 0 to"),
        ({"expires_at": 1.5}, "expires_at: expected an aware datetime"),
        ({"delay": 2, "expires_in": 2}, "expires_at: the flow may not start before that time"),
        ({"on_conflict": "reject"}, "on_conflict: it says what becomes of jobs with the same key; give unique"),
        ({"debounce": 1}, "debounce: it says what"),
        ({"unique": "k", "on_conflict": "replace"}, "'replace' is none of return, reject, replace_pending"),
        ({"unique": "k", "debounce": 1, "on_conflict": "reject"}, "on_conflict: reject does not go with debounce"),
        ({"unique": "k", "debounce_limit": 1}, "debounce_limit: it limits debounce"),
        ({"unique": "k", "debounce": 2, "debounce_limit": 1}, "debounce_limit: expected 2 to"),
        ({"unique": ""}, "unique: it is empty"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(fields, problem):
    with pytest.raises(InputError) as refused:
        job(**fields)
    assert problem in str(refused.value)


@pytest.mark.parametrize("name", ["Ame\u0301lie", "\u1112\u1161\u11ab", "\u212b", "\u0958"])
def test_names_that_read_alike_are_the_same_bytes(name):
    known = unicodedata.normalize("NFC", name)
    meta = job(user=name, unique=name, idempotency_key=name)
    assert {meta.user, meta.unique, meta.idempotency_key} == {known}
    assert (FlowScheme(name).name, FlowFilter(user=name, flow_class=name).user) == (known, known)
    assert meta == job(user=known, unique=known, idempotency_key=known)


@given(name=st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=255))
def test_a_name_is_kept_as_it_is_but_for_its_form(name):
    known = unicodedata.normalize("NFC", name)
    if len(known) <= 255:
        assert check_name("name", name) == known == check_name("name", known)


def pending(**fields) -> FlowDataPartial:
    """The pending flow of a job."""
    return FlowDataPartial.pending(job(**fields), flow_id="f", data=b"{}", version=None, now=NOW)
