"""Limits that people set, what is in use of them, and what an admission leaves behind, alike on every store."""

from __future__ import annotations

import pytest

from tests.database.builders import NOW, Worker, end_of, flow_row, partial, record, submit
from theflow.database.batch import ClaimRow
from theflow.model.limit import Limit, LimitRecord, Scope, ScopeKind
from theflow.model.look import Settlement
from theflow.model.rate import Rate
from theflow.model.scheme import UNLIMITED

ALL, CLASS, OTHER = Scope(ScopeKind.ALL), Scope(ScopeKind.CLASS, "order"), Scope(ScopeKind.CLASS, "mail")
USER, QUEUE = Scope(ScopeKind.USER, "", "ann"), Scope(ScopeKind.QUEUE, "order", "ann")
GPU = Scope(ScopeKind.RESOURCE, "gpu")
FULL = Limit(capacity=3, rate=Rate(units=7, per=2.5, burst=9), weight=0.5)
PAID = NOW * 1000 + 5_000_000_000


def set_limit(store, scope, limit, by="eve"):
    """Set a limit; return what was before, and the version."""
    return store.set_limit(LimitRecord(scope, limit, 0, by, "why", NOW))


def claim(worker, *offsets, flow_class="order", seen=None, uses="", left=None):
    """Claim flows of any class, with what they use and what the admission leaves behind."""
    rows = [ClaimRow(offset, 1, NOW + 1, 0, uses) for offset in offsets]
    seen = seen or worker.look(flow_class)[0]
    taken = worker.store.claim(worker.fence, seen, rows, left or Settlement())
    worker.turn += taken is not None
    return taken


def counted(worker, flow_class="order", **query):
    """A look that counts what is in use."""
    return worker.look(flow_class, counted=True, **query)[1]


@pytest.mark.parametrize("scope", [ALL, CLASS, USER, USER.every, QUEUE, QUEUE.every, GPU])
def test_a_limit_is_read_as_it_was_set(store, neighbour, scope):
    assert set_limit(store, scope, FULL) == (Limit(), 1)
    assert neighbour.limits() == (1, [LimitRecord(scope, FULL, 1, "eve", "why", NOW)])


def test_each_change_of_any_limit_has_a_version_of_its_own_and_tells_what_was_before(store, neighbour):
    assert set_limit(store, CLASS, FULL) == (Limit(), 1)
    assert set_limit(neighbour, USER, Limit(capacity=1)) == (Limit(), 2)
    assert set_limit(neighbour, CLASS, Limit(capacity=4), "bob") == (FULL, 3)
    version, found = store.limits()
    assert version == 3
    assert [(each.scope, each.limit, each.version, each.set_by) for each in found] == [
        (CLASS, Limit(capacity=4), 3, "bob"),
        (USER, Limit(capacity=1), 2, "eve"),
    ]


def test_an_empty_limit_takes_one_away_and_counts_as_a_change(store):
    set_limit(store, CLASS, FULL)
    assert set_limit(store, CLASS, Limit()) == (FULL, 2)
    assert store.limits() == (2, [])
    assert set_limit(store, CLASS, Limit(capacity=1)) == (Limit(), 3)


def test_who_limited_what_is_on_record(store):
    set_limit(store, QUEUE, Limit(capacity=3))
    set_limit(store, QUEUE, Limit(capacity=5), "bob")
    first, second = store.requests(0)
    assert (first.verb, first.asked_by, first.reason, first.asked_at) == ("limit", "eve", "why", NOW)
    assert second.payload == {
        "kind": "queue",
        "name": "order",
        "user": "ann",
        "version": 2,
        "changes": "capacity 3 -> 5",
    }


@pytest.mark.parametrize("scope", [ALL, CLASS, OTHER, USER, GPU])
def test_who_looked_before_a_limit_was_set_admits_nothing_after_it(store, worker, scope):
    (offset,) = submit(store, partial())
    seen, _ = worker.look()
    set_limit(store, scope, FULL)
    assert claim(worker, offset, seen=seen) is None
    assert worker.look()[0].limits == 1
    assert claim(worker, offset) is not None


def test_a_limit_moves_the_change_token(store, neighbour):
    Worker(store)
    before = neighbour.change_token(NOW)
    set_limit(store, CLASS, FULL)
    assert neighbour.change_token(NOW) != before


def test_a_limit_may_be_set_before_anybody_has_registered_a_class(store):
    assert set_limit(store, Scope(ScopeKind.CLASS, "unheard"), FULL) == (Limit(), 1)
    worker = Worker(store)
    assert worker.look()[0].limits == 1


def test_what_several_classes_share_is_guarded_over_all_of_them(store, worker):
    order, mail = submit(store, partial(), partial("mail"))
    set_limit(store, USER, Limit(capacity=1))
    seen_order, seen_mail = worker.look()[0], worker.look("mail")[0]
    shared = Settlement(shared=True)
    assert claim(worker, order, seen=seen_order, left=shared) is not None
    assert claim(worker, mail, seen=seen_mail, left=shared) is None
    assert claim(worker, mail, flow_class="mail", left=shared) is not None


def test_classes_that_share_nothing_do_not_void_each_others_looks(store, worker):
    order, mail = submit(store, partial(), partial("mail"))
    set_limit(store, CLASS, Limit(capacity=1))
    seen_order, seen_mail = worker.look()[0], worker.look("mail")[0]
    assert claim(worker, order, seen=seen_order) is not None
    assert claim(worker, mail, seen=seen_mail) is not None


@pytest.mark.parametrize("scope", [ALL, CLASS, USER, QUEUE, GPU])
def test_a_bucket_is_saved_with_the_claim_and_read_by_whoever_comes_under_it(store, worker, scope):
    (offset,) = submit(store, partial())
    claim(worker, offset, left=Settlement(paid=((scope, PAID),)))
    assert dict(counted(worker).paid) == {scope: PAID}
    assert dict(counted(worker, "mail").paid) == ({scope: PAID} if scope.shared else {})
    assert dict(store.in_use("order", NOW).paid) == {scope: PAID}
    assert dict(worker.look()[1].paid) == {}


def test_a_bucket_that_is_full_again_is_not_read(store, worker):
    claim(worker, *submit(store, partial()), left=Settlement(paid=((CLASS, PAID),)))
    assert dict(counted(worker, now=PAID // 1000 - 1).paid) == {CLASS: PAID}
    assert dict(counted(worker, now=PAID // 1000).paid) == {}


def test_a_bucket_is_saved_where_nothing_is_claimed(store, worker):
    claim(worker, *submit(store, partial()), left=Settlement(paid=((CLASS, PAID + 7),)))
    assert claim(worker, left=Settlement(paid=((CLASS, PAID),))) == []
    assert dict(counted(worker).paid) == {CLASS: PAID}


def test_a_claim_that_comes_too_late_leaves_nothing_behind(store, worker):
    first, second = submit(store, partial(), partial(user="bob"))
    seen = worker.look()[0]
    claim(worker, first, seen=seen)
    late = Settlement(paid=((CLASS, PAID),), turns=(("ann", 9),), virtual=9)
    assert claim(worker, second, seen=seen, left=late) is None
    look = counted(worker)
    assert (dict(look.paid), dict(look.turns), look.virtual) == ({}, {}, 0)


def test_turns_are_saved_and_only_those_above_the_class_are_told(store, worker):
    first, *_ = submit(store, *(partial(user=user) for user in ("ann", "ann", "bob", "cid")))
    claim(worker, first, left=Settlement(turns=(("ann", 50), ("bob", 10)), virtual=20))
    seen, look = worker.look()
    assert (dict(look.turns), look.virtual, seen.turn) == ({"ann": 50}, 20, 20)
    assert worker.look("mail")[1].virtual == 0


def test_turns_that_mean_nothing_any_more_are_dropped_and_those_of_then_kept(store, worker):
    first, second, *_ = submit(store, *(partial(user=user) for user in ("ann", "ann", "bob", "bob", "cid")))
    claim(worker, first, left=Settlement(turns=(("ann", 50), ("bob", 60)), virtual=20))
    claim(worker, second, left=Settlement(turns=(("bob", 70),), virtual=10, past=True))
    look = worker.look(concurrency=3)[1]
    assert (dict(look.turns), look.virtual) == ({"bob": 70}, 20)


@pytest.mark.parametrize("concurrency", [1, UNLIMITED])
def test_queues_are_offered_by_priority_then_by_turn_then_by_offset(store, worker, concurrency):
    users = ("ann", "bob", "cid", "dan", "eva")
    first, *rest = submit(store, *(partial(user=user, priority=int(user == "eva")) for user in ("ann", *users)))
    claim(worker, first, left=Settlement(turns=(("ann", 50), ("bob", 30), ("eva", 90)), virtual=20))
    worker.finish(first)
    by_turn = [rest[4], rest[2], rest[3], rest[1], rest[0]]
    assert worker.offered(concurrency=concurrency) == by_turn
    look = worker.look(concurrency=concurrency, limit=3)[1]
    assert [each.offset for each in look.candidates] == by_turn[:3]
    assert look.horizon == (0, 20)


@pytest.mark.parametrize("concurrency", [1, UNLIMITED])
def test_a_look_that_read_all_users_has_no_horizon(store, worker, concurrency):
    submit(store, partial(), partial(), partial(user="bob"))
    assert worker.look(concurrency=concurrency, limit=3)[1].horizon is None
    assert worker.look(concurrency=concurrency, limit=2)[1].horizon == (0, 0)


def test_what_is_in_use_is_counted_from_claims_that_are_alive(store, worker):
    one, two, mail, _ = submit(store, partial(), partial(user="bob"), partial("mail"), partial())
    claim(worker, one, uses='{"gpu":2,"licence":1}')
    claim(worker, two, uses='{"gpu":1}')
    claim(worker, mail, flow_class="mail")
    expected = {
        ALL: 3,
        CLASS: 2,
        OTHER: 1,
        USER: 2,
        USER._replace(user="bob"): 1,
        GPU: 3,
        GPU._replace(name="licence"): 1,
    }
    assert dict(counted(worker).usage) == dict(store.in_use("mail", NOW).usage) == expected
    assert dict(worker.look()[1].usage) == {}


@pytest.mark.parametrize("end", ["release", "take_over", "finish", "park", "give_back"])
def test_nothing_is_in_use_of_what_nobody_holds_any_more(store, worker, end):
    (offset,) = submit(store, partial())
    claim(worker, offset, uses='{"gpu":2}')
    if end == "finish":
        worker.finish(offset)
    elif end == "park":
        worker.commit(flows=[flow_row(offset, "parked")], parked=[offset])
    elif end == "give_back":
        store.give_back(worker.incarnation, [offset])
    else:
        end_of(store, end, worker.incarnation)
    assert not any(store.in_use("order", NOW).usage.values())


@pytest.mark.parametrize("end", ["release", "take_over"])
def test_what_was_let_in_before_is_known_to_have_paid(store, worker, end):
    first, second = submit(store, partial(), partial(user="bob"))
    assert not record(store, first).place.charged
    claim(worker, first)
    assert record(store, first).place.charged
    end_of(store, end, worker.incarnation)
    heirs = Worker(store, "next").look()[1].candidates
    assert [(each.offset, each.charged) for each in heirs] == [(first, 1), (second, 0)]


def test_a_larger_priority_goes_first_in_a_queue_that_is_ranked(store, worker):
    low, high, late = submit(store, partial(), partial(priority=5), partial(priority=5))
    assert worker.offered(concurrency=2, ranked=True) == [high, late]
    assert worker.offered(concurrency=2) == [low, high]


def test_inputs_are_read_by_offset_and_what_is_not_there_is_left_out(store, worker):
    first, second = submit(store, partial(data=b'{"pages":3}'), partial(data=b"[1]"))
    assert worker.store.inputs([first, second, 10**9]) == {first: '{"pages":3}', second: "[1]"}
    assert store.inputs([]) == {}


def test_turns_of_any_user_are_kept_under_his_very_name(store, worker):
    users = ["ann", "Ann", "ann ", "änn", 'a"b\\c', "a'b", "🦊", "x" * 255]
    first, *_ = submit(store, *(partial(user=user) for user in ("one", *users)))
    turns = {user: 2**40 + number for number, user in enumerate(users)}
    claim(worker, first, left=Settlement(turns=tuple(turns.items()), virtual=1))
    assert dict(worker.look()[1].turns) == turns
