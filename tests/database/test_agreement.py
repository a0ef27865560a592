"""Every store answers like the reference store, whatever is done to it and in whatever order."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.database.builders import FAR, NOW, partial
from tests.database.side import NOBODY, Side
from tests.database.stores import STORES, Opener, memory
from theflow.database.memory import MemoryStore
from theflow.database.records import LookQuery
from theflow.errors import TheFlowError
from theflow.model.job import OnConflict
from theflow.model.limit import Limit, LimitRecord, Scope, ScopeKind
from theflow.model.look import Settlement
from theflow.model.queue_pause import QueuePause
from theflow.model.rate import Rate
from theflow.model.scheme import UNLIMITED
from theflow.model.throttle import Throttle

CLASSES = st.sampled_from(["order", "mail"])
USERS = st.sampled_from(["", "ann"])
VERBS = st.sampled_from(
    ["cancel", "pause", "resume", "run_now", "retry", "retry_from", "skip", "edit_storage", "edit_job"]
)
NUMBERS = st.integers(0, NOBODY)
WHO = st.integers(0, 9)
NAMES = ["w1", "w2", "w3"]
JOBS = st.builds(
    partial,
    CLASSES,
    st.sampled_from(["ann", "bob", "Ann"]),
    data=st.sampled_from([b'{"a":1}', b'{"a":1}', b'{"a":2}']),
    version=st.sampled_from([None, 1, 2]),
    priority=st.integers(-1, 1),
    run_at=st.sampled_from([None, None, NOW - 1, NOW + 2, FAR]),
    idempotency_key=st.sampled_from([None, None, None, "k", "l"]),
)
WITH_RULES = st.builds(
    partial,
    CLASSES,
    st.sampled_from(["ann", "bob"]),
    data=st.sampled_from([b'{"a":1}', b'{"a":2}']),
    version=st.sampled_from([None, 1]),
    run_at=st.sampled_from([None, None, NOW + 2]),
    expires_at=st.sampled_from([None, NOW + 4, NOW + 9]),
    idempotency_key=st.sampled_from([None, None, "k"]),
    unique=st.sampled_from(["k", "k", "l"]),
    on_conflict=st.sampled_from([None, *OnConflict]),
)
STEPS = st.tuples(
    NUMBERS,
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(["running", "retrying", "succeeded", "succeeded", "failed", "cancelled"]),
)

SCOPES = st.sampled_from(
    [
        Scope(ScopeKind.ALL),
        Scope(ScopeKind.USER, "", "ann"),
        Scope(ScopeKind.QUEUE, "order"),
        Scope(ScopeKind.QUEUE, "mail", "ann"),
        Scope(ScopeKind.RESOURCE, "gpu"),
    ]
)
LIMITS = st.sampled_from([Limit(), Limit(capacity=2), Limit(rate=Rate(units=3, per=0.5, burst=7)), Limit(weight=0.25)])
SETTLEMENTS = st.builds(
    Settlement,
    paid=st.lists(st.tuples(SCOPES, st.integers(0, 2**62)), max_size=2, unique_by=lambda pair: pair[0]).map(tuple),
    turns=st.lists(st.tuples(USERS, st.integers(0, 9)), max_size=2, unique_by=lambda pair: pair[0]).map(tuple),
    virtual=st.integers(0, 9),
    past=st.booleans(),
    shared=st.booleans(),
)


class Agreement(RuleBasedStateMachine):
    """Two stores to which the same is done. What it does is meaningless; that they agree is not."""

    def __init__(self, kind: Callable[[Path], Opener]) -> None:
        super().__init__()
        self.folder = TemporaryDirectory(prefix="theflow-")
        self.reference = Side(MemoryStore())
        self.other = Side(kind(Path(self.folder.name))())
        self.other.store.prepare()
        self.now = NOW

    def teardown(self):
        with self.folder, closing(self.other.store):
            super().teardown()

    def both(self, method: str, *given: object) -> None:
        """Do the same to both, and compare what came of it."""
        assert outcome(self.other, method, given) == outcome(self.reference, method, given)

    @initialize(flows=st.lists(JOBS, min_size=1, max_size=8))
    def begin(self, flows):
        for name in NAMES[:2]:
            self.both("join", name)
        for flow_class in ("order", "mail"):
            self.look(flow_class, 1, 3, (1,))
        self.both("create", flows)

    @rule(flows=st.lists(JOBS, max_size=4))
    def create(self, flows):
        self.both("create", flows)

    @rule(flows=st.lists(st.one_of(WITH_RULES, JOBS), min_size=1, max_size=4), how=st.sampled_from(["whole", "each"]))
    def submit(self, flows, how):
        self.both("submit", flows, how, self.now)

    @rule(passes=st.integers(0, 3), limit=st.integers(1, 3))
    def expire(self, passes, limit):
        self.now += passes
        self.both("expire", self.now, limit)

    @rule(name=st.sampled_from(NAMES))
    def join(self, name):
        self.both("join", name)

    @rule(who=WHO, end=st.sampled_from([("take_over", 0, 0), ("take_over", 1, 0), ("take_over", 0, 1), ("release",)]))
    def end(self, who, end):
        self.both(end[0], self.one_of(who), *end[1:])

    @rule(who=WHO, end=st.sampled_from([("take_over", 0, 0), ("release",)]), flow_class=CLASSES)
    def end_and_be_inherited(self, who, end, flow_class):
        old = self.one_of(who)
        self.both(end[0], old, *end[1:])
        self.both("join", self.reference.workers[old].incarnation.name)
        self.look(flow_class, 2, 9, (1, 2))
        self.both("claim_heads", len(self.reference.workers) - 1, flow_class, 9)

    @rule(who=WHO, numbers=st.lists(NUMBERS, max_size=3), passes=st.integers(0, 2))
    def beat_and_give_back(self, who, numbers, passes):
        self.now += passes
        self.both("beat", self.one_of(who))
        self.both("give_back", self.one_of(who), numbers)

    @rule(verb=st.sampled_from(["cancel", "cancel", "resume", "revert"]), number=NUMBERS, passes=st.integers(0, 2))
    def ask(self, verb, number, passes):
        self.now += passes
        self.both("ask", verb, number, self.now)

    @rule(asks=st.lists(st.tuples(VERBS, NUMBERS), min_size=1, max_size=3), passes=st.integers(0, 2))
    def tell(self, asks, passes):
        self.now += passes
        self.both("tell", asks, self.now)

    @rule(who=WHO, number=NUMBERS)
    def answer(self, who, number):
        self.both("answer", self.one_of(who), number, self.now)

    @rule(verb=st.sampled_from(["pause_queue", "pause_queue", "resume_queue"]), queue=st.tuples(CLASSES, USERS))
    def pause_queue(self, verb, queue):
        self.both("pause_queue", verb, queue, self.now)

    @rule(
        flow_class=CLASSES,
        concurrency=st.sampled_from([1, 2, UNLIMITED]),
        limit=st.integers(0, 5),
        versions=st.sampled_from([(1,), (1, 2), (3,), ()]),
        overtakes=st.booleans(),
    )
    def look(self, flow_class, concurrency, limit, versions, *, overtakes=False):
        query = LookQuery(
            flow_class=flow_class,
            now=self.now,
            limit=limit,
            per_queue=concurrency,
            versions=versions,
            ordered=concurrency < UNLIMITED,
            ranked=overtakes or concurrency == UNLIMITED,
            counted=overtakes,
        )
        self.both("look", query)

    @rule(who=WHO, flow_class=CLASSES, count=st.integers(1, 4), rows=st.lists(STEPS, max_size=4))
    def look_claim_and_work(self, who, flow_class, count, rows):
        self.look(flow_class, 2, 9, (1, 2))
        self.both("claim_heads", self.one_of(who), flow_class, count)
        if self.started():
            self.commit(who, 1, rows)

    @rule(who=WHO, flow_class=CLASSES, count=st.integers(0, 4), settlement=SETTLEMENTS)
    def claim_what_was_seen(self, who, flow_class, count, settlement):
        self.both("claim_heads", self.one_of(who), flow_class, count, settlement)

    @precondition(lambda self: self.started())
    @rule(
        who=WHO, flow_class=CLASSES, failed=st.lists(st.integers(0, 2), max_size=2, unique=True), healed=st.booleans()
    )
    def hold_back(self, who, flow_class, failed, healed):
        pauses = [QueuePause(flow_class, "ann", "theflow", "failed", self.now, flow) for flow in failed]
        self.both("hold_back", self.one_of(who), pauses, [(flow_class, "ann", 1)] if healed else [])

    @rule(scope=SCOPES, limit=LIMITS)
    def set_limit(self, scope, limit):
        self.both("set_limit", LimitRecord(scope, limit, 0, "eve", "why", self.now))

    @rule(who=WHO, numbers=st.lists(NUMBERS, max_size=3, unique=True))
    def claim_whatever(self, who, numbers):
        self.look("order", 1, 9, (1,))
        self.both("claim_any", self.one_of(who), "order", numbers)

    @precondition(lambda self: self.started())
    @rule(who=WHO, step=st.sampled_from([1, 1, 1, 1, 0, 2]), rows=st.lists(STEPS, min_size=1, max_size=4))
    def commit(self, who, step, rows):
        started = self.started()
        real = [(started[number % len(started)], name, status) for number, name, status in rows]
        self.both("commit", self.one_of(who), step, real)

    @rule(who=WHO, flow_class=CLASSES, user=st.sampled_from(["ann", "bob", "Ann", ""]), lasts=st.integers(0, 4))
    def throttle(self, who, flow_class, user, lasts):
        self.both("throttle", self.one_of(who), Throttle(flow_class, user, self.now + lasts))
        self.look(flow_class, 2, 9, (1, 2))

    @invariant()
    def both_answer_alike(self):
        assert self.other.snapshot(self.now) == self.reference.snapshot(self.now)

    def one_of(self, number: int) -> int:
        """The number of a runtime: mostly one that lives, so that most writes count."""
        workers = self.reference.workers
        live = {seen.incarnation.id for seen in self.reference.store.runtimes()}
        found = [who for who, worker in enumerate(workers) if (worker.incarnation.id in live) == (number < 8)]
        return found[number % len(found)] if found else number % len(workers)

    def started(self) -> list[int]:
        """The flows that were claimed once: nobody writes of others."""
        side = self.reference
        flows = [side.store.find_flow(side.store.find_offset(offset), NOW) for offset in side.offsets]
        return [number for number, flow in enumerate(flows) if flow.summary.started_at is not None]


def outcome(side: Side, method: str, given: tuple[object, ...]) -> object:
    """What a method returns, or the kind of its refusal."""
    try:
        return getattr(side, method)(*given)
    except TheFlowError as error:
        return type(error)


@pytest.mark.timeout(600)  # a disagreement is made small before it is shown
@pytest.mark.parametrize("kind", [kind for kind in STORES if kind is not memory], ids=lambda kind: kind.__name__)
def test_a_store_does_what_the_reference_store_does(kind):
    run_state_machine_as_test(
        lambda: Agreement(kind),
        settings=settings(
            max_examples=20, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
