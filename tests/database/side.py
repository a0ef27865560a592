"""A store under comparison: flows and runtimes go by number here, as offsets and ids may differ between stores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tests.database.builders import NOW, Worker, attempt, flow_row, log, progress, task
from theflow.database.batch import AnswerRow, Batch, ClaimRow
from theflow.database.records import ClassRecord, LookQuery, QueuePlace
from theflow.database.store import RuntimeStore
from theflow.model.flow_data import FlowDataObject, FlowDataPartial
from theflow.model.limit import LimitRecord
from theflow.model.look import NOTHING_LEFT, Look, Settlement
from theflow.model.queue_pause import QueuePause
from theflow.model.status import FlowStatus
from theflow.model.submission import Submission
from theflow.model.throttle import Throttle
from theflow.model.view import FlowFilter, Request

NOBODY = 12
ENDS = ("succeeded", "failed", "cancelled")
Step = tuple[int, str, str]

# Where a flow may stand that is asked to be undone.


class Side:
    """One store, and what its numbers mean. Every method returns something that must be the same on both sides."""

    def __init__(self, store: RuntimeStore) -> None:
        self.store = store
        self.offsets: list[int] = []
        self.workers: list[Worker] = []
        self.beats: list[int] = []
        self.looks: dict[str, tuple[ClassRecord, Look]] = {}

    def create(self, flows: Sequence[FlowDataPartial]) -> object:
        """Submit; say which flows came back."""
        jobs = self.store.create_jobs(flows)
        for job in jobs:
            if job.offset not in self.offsets:
                assert job.offset > max(self.offsets, default=0)
                self.offsets.append(job.offset)
        return [(self.number(job.offset), job.flow_id, replace(job.meta, input=None)) for job in jobs]

    def submit(self, flows: Sequence[FlowDataPartial], how: str, now: int) -> object:
        """Submit with rules; say what became of each."""
        results = self.store.submit(Submission(flows, "ann", now, how == "whole"))
        for each in results:
            if each.job is not None and each.job.offset not in self.offsets:
                assert each.job.offset > max(self.offsets, default=0)
                self.offsets.append(each.job.offset)
        return [
            (each.outcome, type(each.error), each.job and (self.number(each.job.offset), each.job.flow_id))
            for each in results
        ]

    def expire(self, now: int, limit: int) -> object:
        """End what has not started in time."""
        return self.store.expire(now, limit)

    def join(self, name: str) -> object:
        """Take a name."""
        worker = Worker(self.store, name)
        assert worker.incarnation.id > max((each.incarnation.id for each in self.workers), default=0)
        self.workers.append(worker)
        self.beats.append(0)
        return worker.incarnation.name, worker.incarnation.epoch

    def beat(self, who: int) -> object:
        """Beat for a runtime, alive or not."""
        alive = self.store.beat(self.workers[who].incarnation, who)
        self.beats[who] += alive
        return alive

    def take_over(self, who: int, newer: int, beats: int) -> object:
        """Take over an incarnation as it was seen, or with an epoch or a beat that it never had."""
        seen = self.workers[who].incarnation
        return self.store.take_over(replace(seen, epoch=seen.epoch + newer), self.beats[who] + beats)

    def release(self, who: int) -> object:
        """Stop a runtime cleanly."""
        return self.store.release(self.workers[who].incarnation)

    def give_back(self, who: int, numbers: Sequence[int]) -> object:
        """Free some flows."""
        return self.store.give_back(self.workers[who].incarnation, [self.offset(number) for number in numbers])

    def ask(self, verb: str, number: int, now: int) -> object:
        """Ask something of a flow."""
        return self.tell([(verb, number)], now)

    def tell(self, asks: Sequence[tuple[str, int]], now: int) -> object:
        """Ask several things in one transaction."""
        hold = {"timers": "hold"}
        wanted = [
            (self.offset(number), Request(verb=verb, asked_by="ann", reason="", asked_at=now, payload=hold))
            for verb, number in asks
        ]
        return [told._replace(id=bool(told.id), refusal=bool(told.refusal)) for told in self.store.ask(wanted)]

    def answer(self, who: int, number: int, now: int) -> object:
        """Say what came of the oldest request of a flow, and take the outcome of its task `a` back."""
        offset = self.offset(number)
        found = [each for each in self.store.requests(offset) if each.handled_at is None]
        answers = [AnswerRow(offset, each.id, now, "done", each.verb != "cancel") for each in found[:1]]
        worker = self.workers[who]
        batch = Batch(answers=answers, reopened=[(offset, "a")] if answers else ())
        self.store.commit(worker.fence, batch)
        worker.turn += 1
        return len(answers)

    def pause_queue(self, verb: str, queue: tuple[str, str], now: int) -> object:
        """Pause or resume a queue, or a class."""
        return getattr(self.store, verb)(QueuePause(*queue, "eve", "why", now))

    def look(self, query: LookQuery) -> object:
        """Look, and remember it for later claims."""
        seen, look = self.looks[query.flow_class] = self.store.look(query)
        live = {queue: [self.number(offset) for offset in offsets] for queue, offsets in look.live.items()}
        offered = [each._replace(offset=self.number(each.offset)) for each in look.candidates]
        return seen, offered, live, replace(look, candidates=(), live={}, resting={})

    def claim_heads(self, who: int, flow_class: str, count: int, settlement: Settlement = NOTHING_LEFT) -> object:
        """Claim the first flows of the newest look at a class."""
        heads = self.looks[flow_class][1].candidates[:count]
        return self._claim(who, flow_class, [head.offset for head in heads], settlement)

    def set_limit(self, record: LimitRecord) -> object:
        """Set a limit, or take it away."""
        return self.store.set_limit(record)

    def claim_any(self, who: int, flow_class: str, numbers: Sequence[int]) -> object:
        """Claim whatever flows, free or not."""
        return self._claim(who, flow_class, [self.offset(number) for number in numbers])

    def commit(self, who: int, step: int, rows: Sequence[Step]) -> object:
        """Write a turn of (flow, task, status) triples; the outcome of task `b` is the outcome of its flow."""
        worker = self.workers[who]
        steps = [(self.offsets[number], name, status) for number, name, status in rows]
        # A flow ends once: no turn writes two rows of it.
        ends = {offset: status for offset, name, status in steps if name == "b" and status in ENDS}
        last = list(ends.items())
        batch = Batch(
            tasks=[task(worker, offset, status, name=name) for offset, name, status in steps],
            attempts=[attempt(worker, offset, name=name) for offset, name, status in steps if status != "succeeded"],
            flows=[
                flow_row(offset, "parked" if status == "failed" else status, reason=status) for offset, status in last
            ],
            logs=[log(offset, f"{name} {status}") for offset, name, status in steps],
            # Of a task a turn writes how far it has come once.
            progress=[progress(offset, step, name=name) for offset, name in {row[:2]: row for row in steps}],
            released=[offset for offset, status in last if status in ("succeeded", "cancelled")],
            parked=[offset for offset, status in last if status == "failed"],
            paused=[(offset, NOW + 3) for offset, status in last if status == "failed" and offset % 2],
        )
        self.store.commit(worker.fence._replace(turn=worker.turn + step), batch)
        worker.turn += 1
        return "committed"

    def throttle(self, who: int, throttle: Throttle) -> object:
        """Let a queue or a class wait."""
        worker = self.workers[who]
        self.store.commit(worker.fence, Batch(throttles=[throttle]))
        worker.turn += 1
        return "committed"

    def hold_back(self, who: int, pauses: Sequence[QueuePause], let_go: Sequence[tuple[str, str, int]]) -> object:
        """Let queues wait for flows that have failed, and go on after those that have not."""
        worker = self.workers[who]
        self.store.commit(worker.fence, Batch(held_back=pauses, let_go=let_go))
        worker.turn += 1
        return "committed"

    def snapshot(self, now: int) -> object:
        """All that can be asked."""
        live = [seen.incarnation for seen in self.store.runtimes()]
        runtimes = [replace(seen, incarnation=None, started_at=0) for seen in self.store.runtimes()]
        turns = [self.store.read_turn(incarnation) for incarnation in live]
        listed = [replace(flow, offset=0) for flow in self.store.find_flows(FlowFilter(), None, 999)]
        flows = [self._record(number, now) for number in range(len(self.offsets))]
        asked = [(self.number(offset), request) for each in live for offset, request in self.store.asked(each)]
        counts = [self.store.count_flows(FlowFilter(status=status)) for status in FlowStatus]
        paused = (self.store.pauses(), self.store.requests(0), self.store.limits())
        used = [self.store.in_use(flow_class, now) for flow_class in ("order", "mail")]
        return runtimes, turns, listed, flows, asked, counts, paused, used, self.store.unfinished("order", [1], now)

    def number(self, offset: int) -> int:
        """Which flow stands at an offset, NOBODY for one that was never submitted."""
        return self.offsets.index(offset) if offset in self.offsets else NOBODY

    def offset(self, number: int) -> int:
        """Where a flow stands, counting round; one number is that of a flow that was never submitted."""
        if not self.offsets or number == NOBODY:
            return 2**40
        return self.offsets[number % len(self.offsets)]

    def _claim(
        self, who: int, flow_class: str, offsets: Sequence[int], settlement: Settlement = NOTHING_LEFT
    ) -> object:
        worker = self.workers[who]
        uses = '{"gpu":2}' if settlement.shared else ""
        rows = [ClaimRow(offset, 1, NOW + len(self.offsets), self.number(offset) % 2, uses) for offset in offsets]
        taken = self.store.claim(worker.fence, self.looks[flow_class][0], rows, settlement)
        worker.turn += taken is not None
        return None if taken is None else [self._data(data) for data in taken]

    def _data(self, data: FlowDataObject) -> object:
        job = data.job._replace(offset=self.number(data.job.offset), meta=replace(data.job.meta, input=None))
        known = (each._replace(runtime=0) for each in data.tasks)
        tasks = tuple(sorted(known, key=lambda each: each.name))
        return data._replace(job=job, tasks=tasks, storage=dict(data.storage))

    def _record(self, number: int, now: int) -> object:
        offset = self.offsets[number]
        found = self.store.find_flow(self.store.find_offset(offset), now)
        tasks = sorted(
            (seen.row._replace(offset=0, runtime=0), seen.runtime, seen.error, seen.progress) for seen in found.tasks
        )
        logs = [replace(line, id=0) for line in self.store.logs(offset, None, 0, 999)]
        said = (tasks, self.store.attempts(offset), logs, self.store.requests(offset))
        return found.input, found.storage, self._place(found.place), *said

    def _place(self, place: QueuePlace | None) -> object:
        if place is None:
            return None
        first = None if place.first_ahead is None else self.number(place.first_ahead)
        live = tuple(self.number(offset) for offset in place.live)
        return replace(place, offset=self.number(place.offset), first_ahead=first, live=live)
