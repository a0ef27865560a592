"""An independent history of what happened, kept beside the store, and what must be true of both at any moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tests.simulation.flows import BY_NAME, task_scheme
from tests.simulation.hands import BY_HAND, TAKE_BACK, Hands
from tests.simulation.machines import ALIVE, CLAIMS, TTL
from tests.simulation.moments import Time
from tests.simulation.window import WindowStore
from theflow.database.batch import Batch, ClaimRow, PartRow, TaskRow
from theflow.database.records import Fence, Holder
from theflow.model.flow import Flow
from theflow.model.flow_data import FlowDataObject, FlowDataPartial
from theflow.model.job import JobMetaObject
from theflow.model.joining import Stand, Verdict, judge
from theflow.model.part import split_part
from theflow.model.status import FlowStatus, TaskStatus
from theflow.model.task import Task

_TASK_ENDS = {status.value for status in TaskStatus if status.ended}
_FLOW_ENDS = {status.value for status in FlowStatus if status.ended}
_HALTED = (FlowStatus.CANCELLING, FlowStatus.CANCELLED)
# Seconds that are sums of fractions are not exact.
_ROUNDING = 1e-6
Outcome = tuple[str, int, str | None]


class Broken(AssertionError):
    """What must be true at any moment is not."""


class History:
    """Told by every line to the database what was asked and what came of it."""

    def __init__(self, store: WindowStore, time: Time) -> None:
        self.seen: Counter[str] = Counter()
        self.outcomes: dict[tuple[int, str], Outcome] = {}
        self.fenced: set[int] = set()
        self._store = store
        self._time = time
        self._submits: dict[str, FlowDataPartial] = {}
        self._acknowledged: dict[str, int] = {}
        self._ended: dict[int, str] = {}
        self._counted: dict[int, int] = {}
        self._progress: dict[int, int] = {}
        self._starts: Counter[tuple[int, str]] = Counter()
        self._asked: set[int] = set()
        self._claimed_to_end: set[int] = set()
        self._refused: set[int] = set()
        self._beats: dict[int, float] = {}
        self._holders: dict[int, Holder] = {}
        self._serial = 0
        self.hands = Hands(store)
        self._pardoned: Counter[int] = Counter()
        self._written: list[tuple[int, str, int]] = []

    # --- jobs -----------------------------------------------------------------------------------------------------
    def submitting(self, partial: FlowDataPartial) -> None:
        """Somebody asks for a job."""
        self._submits[partial.flow_id] = partial

    def submitted(self, job: JobMetaObject) -> None:
        """The job was acknowledged."""
        self.seen["submit"] += 1
        self._acknowledged[job.flow_id] = job.offset

    # --- what people ask of a flow --------------------------------------------------------------------------------
    def asked_to_end(self, offset: int, stand: FlowStatus | None) -> None:
        """The store took a request to end a flow, or said that it had ended."""
        if stand is None:
            raise Broken(f"I1: offset {offset} is not there to be cancelled")
        known = self._ended.get(offset)
        if known is not None and known != stand:
            raise Broken(f"I2: offset {offset} was {known}, and whoever cancels it is told {stand}")
        if stand in _HALTED:
            self.seen[stand.value] += 1
            self._asked.add(offset)
        if stand is FlowStatus.CANCELLED:
            self._ended[offset] = stand.value

    def resumed(self, offset: int) -> None:
        """The store let a parked flow in again."""
        self.seen["resumed"] += 1
        self._counted[offset] = 0

    def queued_again(self, offsets: Sequence[int]) -> None:
        """The store put flows that had ended into the queue once more, as nobody had claimed them before."""
        self._counted.update(dict.fromkeys(offsets, 0))
        self._progress.update(dict.fromkeys(offsets, 0))

    def refused(self, offsets: set[int]) -> None:
        """The database took no row of these flows."""
        self.seen["refused"] += 1
        self._refused |= offsets

    # --- runtimes -------------------------------------------------------------------------------------------------
    def named(self, number: int, holder: Holder) -> None:
        """The store let an incarnation begin."""
        self._holders[number] = holder
        self.beaten(number)

    def beaten(self, number: int) -> None:
        """The store told an incarnation that it lives."""
        if number in self.fenced:
            raise Broken(f"I4: incarnation {number} is fenced, and was told that it lives")
        self._beats[number] = self._time.seconds

    def objection_to_take_over(self, number: int) -> list[str]:
        """What must not be, should the store let an incarnation be taken over: its process is there, and not silent."""
        silent = self._time.seconds - self._beats[number]
        lives = silent < TTL - _ROUNDING and self._holders[number].pid in ALIVE
        return [f"incarnation {number} is taken over {silent:.2f} s after its beat, and it lives"] * lives

    def taken_over(self, number: int) -> None:
        """An incarnation was fenced."""
        self.seen["take-over"] += 1
        self.fenced.add(number)

    def released(self, number: int) -> None:
        """An incarnation stopped cleanly."""
        self.seen["release"] += 1
        self.fenced.add(number)

    def living(self) -> list[Holder]:
        """The holders of all incarnations that are not over."""
        return [holder for number, holder in self._holders.items() if number not in self.fenced]

    def held(self, number: int) -> list[int]:
        """The offsets that an incarnation holds on disk."""
        return [job.offset for job in self._store.jobs() if job.owner == number]

    def uncounted(self, offsets: Sequence[int]) -> None:
        """Claims were taken back: that was no crash."""
        self._counted.update({offset: self._counted[offset] - 1 for offset in offsets})

    # --- claims ---------------------------------------------------------------------------------------------------
    def free(self, now: int) -> set[int]:
        """The offsets that may be claimed now."""
        return {job.offset for job in self._store.jobs() if job.free and job.due(now)}

    def objections_to_claim(self, fence: Fence, claims: Sequence[ClaimRow], seen: set[int]) -> list[str]:
        """What must not be, should the store take these claims; `seen` were free when the claimant looked."""
        found = [f"I4: fenced incarnation {fence.id} claims"] * (fence.id in self.fenced)
        taken = {claim.offset for claim in claims}
        jobs = self._store.jobs()
        for claim in claims:
            job = self._store.job(claim.offset)
            if job is None or not job.free:
                continue
            if BY_NAME[job.flow_class].concurrency <= len(jobs):
                queue = [each for each in jobs if (each.flow_class, each.user) == (job.flow_class, job.user)]
                passed = [each.offset for each in queue if each.offset < job.offset and each.free]
                found += [f"I5: offset {job.offset} overtakes {one}" for one in passed if one in seen - taken]
        return found

    def claimed(self, found: Sequence[FlowDataObject]) -> None:
        """Claims were written: each is counted now, anew after an outcome."""
        self.seen["claim"] += 1
        for data in found:
            offset = data.job.offset
            ended = sum(number == offset for number, _ in self.outcomes)
            before = 0 if ended > self._progress.get(offset, 0) else self._counted.get(offset, 0)
            if offset in self._asked:
                self._claimed_to_end.add(offset)
            self._counted[offset] = before + 1
            self._progress[offset] = ended
            if data.claims != before + 1:
                raise Broken(f"I14: offset {offset} was claimed {before + 1} times, the store says {data.claims}")

    # --- turns ----------------------------------------------------------------------------------------------------
    def objections_to_commit(self, fence: Fence, batch: Batch) -> Iterator[str]:
        """What must not be, should the store take this batch."""
        if fence.id in self.fenced:
            yield f"I4: fenced incarnation {fence.id} writes"
        offsets = {
            row.offset for rows in (batch.tasks, batch.parts, batch.attempts, batch.flows, batch.logs) for row in rows
        }
        for offset in offsets.union(batch.released, batch.parked):
            job = self._store.job(offset)
            if job is None or job.owner != fence.id:
                yield f"I4: incarnation {fence.id} writes on offset {offset}, which it does not hold"
        yield from self.hands.objections(batch)
        for row in (*batch.tasks, *batch.parts):
            if (row.offset, row.name) in self.outcomes and (row.offset, row.name) not in batch.reopened:
                yield f"I2: task {row.name!r} of offset {row.offset} has an outcome, and is written again"

    def committed(self, batch: Batch) -> None:
        """A batch was written."""
        self._taken_back(batch)
        self._counted.update(dict.fromkeys(batch.released, 0))
        for row in (*batch.tasks, *batch.parts):
            if row.status in _TASK_ENDS:
                self.outcomes.setdefault((row.offset, row.name), (row.status, row.attempt, row.result))
                self._expect_row(row)

    def _taken_back(self, batch: Batch) -> None:
        """What people did by hand was written: flows go on that had ended, and tasks have no outcome any more."""
        for key in batch.reopened:
            self.outcomes.pop(key, None)
        written = {row.offset for row in batch.flows}
        for offset, request in self.hands.done(batch):
            self.seen[f"{request.verb} by hand"] += 1
            # Only an end is taken back, and a claim in vain is forgiven, by a person.
            if request.verb == "resume":
                self._pardoned[offset] = self._counted[offset]
            if request.verb in TAKE_BACK:
                # What must not start twice does so if a person says that, also where its outcome was never kept.
                self._starts = Counter({key: count for key, count in self._starts.items() if key[0] != offset})
            if request.verb in TAKE_BACK and offset in self._ended and offset in written:
                self._ended.pop(offset)
                self._asked.discard(offset)
                self._claimed_to_end.discard(offset)
        self.hands.committed(batch.answers)

    def _expect_row(self, row: TaskRow | PartRow) -> None:
        """A transactional task that succeeded by its body has written a row."""
        flow_class = self._store.flow_rows()[row.offset].job.meta.flow_class
        by_body = row.status == TaskStatus.SUCCEEDED and row.result != BY_HAND
        if by_body and task_scheme(flow_class, row.name).transactional:
            self._written.append((row.offset, row.name, int(row.result or 0)))

    # --- bodies ---------------------------------------------------------------------------------------------------
    def body_started(self, offset: int, task: Task, incarnation: int) -> int:
        """A body starts in an incarnation; return its serial number."""
        if incarnation in self.fenced:
            raise Broken(f"I4: incarnation {incarnation} is fenced, and starts {task.name!r} of offset {offset}")
        name, scheme = task.name, task.scheme
        flow = self._store.flow_rows()[offset]
        row = flow.tasks.get(name)
        if flow.status in _HALTED or offset in self._claimed_to_end:
            raise Broken(f"I6: offset {offset} was cancelled ({flow.status}), and its task {name!r} starts")
        if not self.hands.may_start(offset):
            raise Broken(f"I6: offset {offset} is {flow.status}, and its task {name!r} starts")
        if (offset, name) in self.outcomes:
            raise Broken(f"I3: task {name!r} of offset {offset} has an outcome, and its body starts again")
        stand = Stand.of(TaskStatus(self.outcomes.get((offset, name), ("pending",))[0]) for name in scheme.after)
        if judge(scheme, stand) != Verdict():
            raise Broken(f"I5: task {name!r} of offset {offset} starts before its parents have their outcomes on disk")
        if self._counted[offset] - self._pardoned[offset] > CLAIMS:
            raise Broken(f"I14: offset {offset} was claimed {self._counted[offset]} times in vain, and starts again")
        self._starts[offset, name] += 1
        if scheme.at_most_once:
            on_disk = row is not None and (row.status, row.attempt) == (TaskStatus.RUNNING, task.attempt)
            if not on_disk or self._starts[offset, name] > 1:
                raise Broken(f"I3: {name!r} of offset {offset} is at_most_once: start {self._starts[offset, name]}")
        return self._next_serial()

    def hook_started(self, flow: Flow) -> int:
        """A hook starts; return its serial number."""
        if self._store.flow_rows()[flow.offset].status != flow.status:
            raise Broken(f"I5: a hook of offset {flow.offset} starts before the end of its flow is on disk")
        return self._next_serial()

    def _next_serial(self) -> int:
        self.seen["body"] += 1
        self._serial += 1
        return self._serial

    # --- at any moment --------------------------------------------------------------------------------------------
    def check(self) -> None:
        """Compare the store with what it said before."""
        self._check_jobs()
        self._check_outcomes()
        self._check_rows()
        self._check_requests()
        self._check_queues()

    def _check_jobs(self) -> None:
        rows = self._store.flow_rows()
        for flow_id, offset in self._acknowledged.items():
            if offset not in rows or rows[offset].job.flow_id != flow_id:
                raise Broken(f"I1: the job at offset {offset} was acknowledged, and is lost")
        keys = set()
        for row in rows.values():
            partial = self._submits.get(row.job.flow_id)
            if partial is None:
                raise Broken(f"I1: nobody asked for the job at offset {row.job.offset}")
            meta = partial.meta
            key = (meta.user, meta.flow_class, meta.idempotency_key or row.job.flow_id)
            if key in keys:
                raise Broken(f"I1: two jobs for {key}")
            keys.add(key)

    def _check_outcomes(self) -> None:
        met = 0
        for offset, flow in self._store.flow_rows().items():
            for name, row in flow.tasks.items():
                if row.status in _TASK_ENDS:
                    met += 1
                    outcome = (row.status, row.attempt, row.result)
                    if self.outcomes.setdefault((offset, name), outcome) != outcome:
                        raise Broken(f"I2: the outcome of task {name!r} of offset {offset} changed")
            known = self._ended.get(offset)
            if known is not None and known != flow.status:
                raise Broken(f"I2: offset {offset} was {known}, and is {flow.status}")
            if flow.status in _FLOW_ENDS:
                self._ended[offset] = flow.status
        if met != len(self.outcomes):
            raise Broken(f"I2: {len(self.outcomes) - met} outcomes are gone")

    def _check_rows(self) -> None:
        """Each success of a transactional task has one row, of the body that it is of; no other has."""
        if sorted(self._store.rows) != sorted(self._written):
            raise Broken(f"I7: rows {sorted(self._store.rows)} are there, and outcomes of {sorted(self._written)}")

    def _check_requests(self) -> None:
        for offset in self._asked:
            flow, job = self._store.flow_rows()[offset], self._store.job(offset)
            if flow.status not in _FLOW_ENDS and (job is None or not job.asked):
                raise Broken(f"I6: that offset {offset} shall end was acknowledged, and is forgotten")
            if flow.status != FlowStatus.CANCELLED:
                continue
            if job is not None and not job.verbs:
                raise Broken(f"I2: offset {offset} is cancelled, and still in its queue")
            going_on = [row.name for row in flow.tasks.values() if row.status in ("running", "retrying")]
            if going_on and offset not in self._refused:
                raise Broken(f"I2: offset {offset} is cancelled, and {going_on} of it go on")

    def open_requests(self) -> set[int]:
        """The flows that were asked to end, and have not ended."""
        rows = self._store.flow_rows()
        open_still = {offset for offset in self._asked if rows[offset].status not in _FLOW_ENDS}
        # What else was asked may be done before, or leave nothing to do but what a body has just done.
        return {offset for offset in open_still if not self.hands.concern(offset)}

    def check_cancelled(self, offsets: set[int]) -> None:
        """These were asked to end, and nobody had anything else to say of them: that is how they ended."""
        for offset in offsets:
            if self._ended.get(offset) != FlowStatus.CANCELLED:
                raise Broken(f"I6: offset {offset} was asked to end, and is {self._ended.get(offset)} after all")

    def check_hands(self) -> None:
        """All that people asked was heard, and what they set is there."""
        for complaint in self.hands.complaints():
            raise Broken(complaint)

    def _check_queues(self) -> None:
        live: Counter[tuple[str, str]] = Counter()
        for job in self._store.jobs():
            if job.owner is not None:
                live[job.flow_class, job.user] += 1
                if job.owner in self.fenced:
                    raise Broken(f"I6: offset {job.offset} is held by fenced incarnation {job.owner}: nobody frees it")
        for (flow_class, user), count in live.items():
            if count > BY_NAME[flow_class].concurrency:
                raise Broken(f"I5: {count} flows of user {user!r} in class {flow_class!r} run at once")

    # --- at the end -----------------------------------------------------------------------------------------------
    def check_storage(self) -> None:
        """Every task that succeeded left its mark in the storage of its flow: what its own recorded attempt wrote."""
        for (offset, name), (status, _, result) in self.outcomes.items():
            flow = self._store.flow_rows()[offset]
            if task_scheme(flow.job.meta.flow_class, name).control.divides and split_part(name) is None:
                continue  # its parts wrote, and it has no body of its own
            if result == BY_HAND:
                continue  # nobody wrote
            if status == TaskStatus.SUCCEEDED and f'"{name}":{result}' not in (flow.storage or "").replace(" ", ""):
                raise Broken(f"I2: the storage of offset {offset} lacks what task {name!r} wrote: {flow.storage}")
