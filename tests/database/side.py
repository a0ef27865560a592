"""A store under comparison: flows and runtimes go by number here, as offsets and ids may differ between stores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tests.database.builders import NOW, Worker, attempt, flow_row, log, task
from theflow.database.store import Batch, ClaimRow, ClassRecord, LookQuery, QueuePlace, RuntimeStore
from theflow.model.flow_data import FlowDataObject, FlowDataPartial
from theflow.model.shaping import Look
from theflow.model.view import FlowFilter

NOBODY = 12
Step = tuple[int, str, str]


class Side:
    """One store, and what its numbers mean. Every method returns something that must be the same on both sides."""

    def __init__(self, store: RuntimeStore) -> None:
        self.store = store
        self.offsets: list[int] = []
        self.workers: list[Worker] = []
        self.looks: dict[str, tuple[ClassRecord, Look]] = {}

    def create(self, flows: Sequence[FlowDataPartial]) -> object:
        """Submit; say which flows came back."""
        jobs = self.store.create_jobs(flows)
        for job in jobs:
            if job.offset not in self.offsets:
                assert job.offset > max(self.offsets, default=0)
                self.offsets.append(job.offset)
        return [(self.number(job.offset), job.flow_id, replace(job.meta, input=None)) for job in jobs]

    def join(self, name: str) -> object:
        """Take a name."""
        worker = Worker(self.store, name)
        assert worker.incarnation.id > max((each.incarnation.id for each in self.workers), default=0)
        self.workers.append(worker)
        return worker.incarnation.name, worker.incarnation.epoch

    def beat(self, who: int) -> object:
        """Beat for a runtime, alive or not."""
        return self.store.beat(self.workers[who].incarnation)

    def take_over(self, who: int, newer: int) -> object:
        """Take over an incarnation as it was seen, or with an epoch that it never had."""
        seen = self.workers[who].incarnation
        return self.store.take_over(replace(seen, epoch=seen.epoch + newer))

    def release(self, who: int) -> object:
        """Stop a runtime cleanly."""
        return self.store.release(self.workers[who].incarnation)

    def give_back(self, who: int, numbers: Sequence[int]) -> object:
        """Free some flows."""
        return self.store.give_back(self.workers[who].incarnation, [self.offset(number) for number in numbers])

    def look(self, query: LookQuery) -> object:
        """Look, and remember it for later claims."""
        seen, look = self.looks[query.flow_class] = self.store.look(query)
        live = {queue: [self.number(offset) for offset in offsets] for queue, offsets in look.live.items()}
        return seen, look.now, [each._replace(offset=self.number(each.offset)) for each in look.candidates], live

    def claim_heads(self, who: int, flow_class: str, count: int) -> object:
        """Claim the first flows of the newest look at a class."""
        heads = self.looks[flow_class][1].candidates[:count]
        return self._claim(who, flow_class, [head.offset for head in heads])

    def claim_any(self, who: int, flow_class: str, numbers: Sequence[int]) -> object:
        """Claim whatever flows, free or not."""
        return self._claim(who, flow_class, [self.offset(number) for number in numbers])

    def commit(self, who: int, step: int, rows: Sequence[Step]) -> object:
        """Write a turn of (flow, task, status) triples; the outcome of task `b` is the outcome of its flow."""
        worker = self.workers[who]
        steps = [(self.offsets[number], name, status) for number, name, status in rows]
        # A flow ends once: no turn writes two rows of it.
        ends = {offset: status for offset, name, status in steps if name == "b" and status in ("succeeded", "failed")}
        last = list(ends.items())
        batch = Batch(
            tasks=[task(worker, offset, status, name=name) for offset, name, status in steps],
            attempts=[attempt(worker, offset, name=name) for offset, name, status in steps if status != "succeeded"],
            flows=[
                flow_row(offset, "parked" if status == "failed" else status, reason=status) for offset, status in last
            ],
            logs=[log(offset, f"{name} {status}") for offset, name, status in steps],
            released=[offset for offset, status in last if status == "succeeded"],
            parked=[offset for offset, status in last if status == "failed"],
        )
        self.store.commit(worker.fence._replace(turn=worker.turn + step), batch)
        worker.turn += 1
        return "committed"

    def snapshot(self, now: int) -> object:
        """All that can be asked."""
        live = [seen.incarnation for seen in self.store.runtimes()]
        runtimes = [replace(seen, incarnation=None, started_at=0) for seen in self.store.runtimes()]
        turns = [self.store.read_turn(incarnation) for incarnation in live]
        listed = [replace(flow, offset=0) for flow in self.store.find_flows(FlowFilter(), None, 999)]
        flows = [self._record(number, now) for number in range(len(self.offsets))]
        return runtimes, turns, listed, flows, self.store.unfinished("order", [1], now)

    def number(self, offset: int) -> int:
        """Which flow stands at an offset."""
        return self.offsets.index(offset)

    def offset(self, number: int) -> int:
        """Where a flow stands, counting round; one number is that of a flow that was never submitted."""
        if not self.offsets or number == NOBODY:
            return 2**40
        return self.offsets[number % len(self.offsets)]

    def _claim(self, who: int, flow_class: str, offsets: Sequence[int]) -> object:
        worker = self.workers[who]
        rows = [ClaimRow(offset, 1, NOW + len(self.offsets)) for offset in offsets]
        taken = self.store.claim(worker.fence, self.looks[flow_class][0], rows)
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
        tasks = sorted((seen.row._replace(offset=0, runtime=0), seen.runtime, seen.error) for seen in found.tasks)
        logs = [replace(line, id=0) for line in self.store.logs(offset, None, 0, 999)]
        return found.input, found.storage, tasks, self._place(found.place), self.store.attempts(offset), logs

    def _place(self, place: QueuePlace | None) -> object:
        if place is None:
            return None
        first = None if place.first_ahead is None else self.number(place.first_ahead)
        live = tuple(self.number(offset) for offset in place.live)
        return replace(place, offset=self.number(place.offset), first_ahead=first, live=live)
