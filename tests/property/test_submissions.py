"""Whatever is submitted, taken, ended and asked in whatever order: of a key one flow at most can still begin."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tests.database.builders import NOW, Worker, partial
from tests.database.test_verbs import request
from theflow.database.memory import MemoryStore
from theflow.model.job import OnConflict
from theflow.model.status import FlowStatus
from theflow.model.submission import Outcome, Submission
from theflow.model.view import FlowFilter

BEFORE = (FlowStatus.PENDING, FlowStatus.PAUSED)
SUBMITS = st.tuples(
    st.just("submit"),
    st.builds(
        lambda key, policy, expires: {"unique": key, "on_conflict": policy, "expires_at": expires},
        st.sampled_from("kl"),
        st.sampled_from(list(OnConflict)),
        st.sampled_from([None, None, NOW + 9]),
    ),
)
VERBS = st.tuples(st.sampled_from(["pause", "resume", "retry", "cancel"]), st.integers(0, 5))
MOVES = st.one_of(SUBMITS, SUBMITS, VERBS, st.tuples(st.sampled_from(["claim", "finish", "expire"]), st.integers(0, 5)))
STRICT = st.one_of(SUBMITS.filter(lambda move: move[1]["on_conflict"] in ("return", "reject")), VERBS)


class Queue:
    """A store with one runtime, to which moves happen."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.worker = Worker(self.store)
        self.held: list[int] = []

    def move(self, word: str, given: object) -> None:
        """Let one thing happen."""
        if word == "submit":
            (each,) = self.store.submit(Submission([partial(**given)], "ann", NOW + 1, whole=False))
            assert (each.job is None) == (each.error is not None)
            assert each.outcome is not Outcome.REPLACED or self.standing()[each.job.offset] in BEFORE
        elif word == "claim":
            heads = self.worker.offered(concurrency=2)[:1]
            self.worker.claim(*heads)
            self.held += heads
        elif word == "finish" and self.held:
            self.worker.finish(self.held.pop(given % len(self.held)))
        elif word == "expire":
            self.store.expire(NOW + 9, given)
        elif word not in ("finish", "submit"):
            offsets = sorted(self.standing())
            wanted = [(offset, request(word)) for offset in offsets[given % len(offsets) :][:1]] if offsets else []
            self.store.ask(wanted)

    def flows(self):
        """All flows."""
        return self.store.find_flows(FlowFilter(), None, 999)

    def standing(self) -> dict[int, FlowStatus]:
        """Where each flow stands."""
        return {flow.offset: flow.status for flow in self.flows()}


@given(moves=st.lists(MOVES, max_size=30))
def test_of_a_key_one_flow_at_most_has_not_begun(moves):
    queue = Queue()
    for move in moves:
        queue.move(*move)
        fresh = Counter(flow.unique for flow in queue.flows() if flow.status in BEFORE and flow.started_at is None)
        assert max(fresh.values(), default=0) <= 1


@given(
    moves=st.lists(st.one_of(STRICT, st.tuples(st.sampled_from(["claim", "finish"]), st.integers(0, 5))), max_size=30)
)
def test_of_a_key_that_is_never_taken_from_a_flow_one_is_active(moves):
    queue = Queue()
    for move in moves:
        queue.move(*move)
        active = Counter(flow.unique for flow in queue.flows() if not flow.status.ended)
        assert max(active.values(), default=0) <= 1
