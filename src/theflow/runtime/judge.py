"""Asks the program's conditions and lists, in a thread of its own: who does not answer soon is heard later.

The engine waits a moment for the answers, so that most stand in the same transaction as the outcome that led to them.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from queue import SimpleQueue
from typing import Any

from theflow.database import codec
from theflow.errors import DataRefused
from theflow.model.failure import Failure
from theflow.model.mapping import Map
from theflow.model.message import Answer, Ask, QuestionFailed, RoundJudged, TaskChosen, TaskSkipped
from theflow.model.question import Question
from theflow.model.task import Task
from theflow.runtime.arguments import arguments_of
from theflow.runtime.clock import Clock
from theflow.runtime.failure_detail import failure_of
from theflow.runtime.inbox import Inbox, Posted

# How long the engine waits for the answers to all questions of a turn, in seconds; then they come to its inbox.
PATIENCE = 0.05
# A question that takes longer has failed its task.
LIMIT = 10.0
_logger = logging.getLogger("theflow.engine")


class Judge:
    """Asks questions one after another. A thread that does not come back is left behind; another takes its place."""

    def __init__(self, inbox: Inbox, clock: Clock) -> None:
        self._inbox = inbox
        self._clock = clock
        self._hand: _Hand | None = None

    def ask(self, asks: Sequence[Ask]) -> list[Posted]:
        """Return the answers that come at once; the others are posted when they are there."""
        self.look()
        if self._hand is None:
            self._hand = _Hand(self._clock)
        sitting = _Sitting(asks, self._inbox)
        self._hand.take(sitting)
        return sitting.wait(PATIENCE)

    def look(self) -> None:
        """Fail the task whose question takes too long, and let others be asked."""
        if self._hand is not None and self._hand.stuck(self._clock.monotonic()):
            left = self._hand.leave()
            self._hand = _Hand(self._clock)
            for sitting in left:
                self._hand.take(sitting)

    def stop(self) -> None:
        """Ask no more; a thread that does not come back is left behind."""
        if self._hand is not None:
            self._hand.end()
            self._hand = None


class _Sitting:
    """The questions of one turn."""

    def __init__(self, asks: Sequence[Ask], inbox: Inbox) -> None:
        self.open = list(asks)
        self._inbox = inbox
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._answers: list[Posted] | None = []

    def wait(self, seconds: float) -> list[Posted]:
        """Return what is answered in time."""
        self._done.wait(seconds)
        with self._lock:
            answers, self._answers = self._answers or [], None
        return answers

    def answer(self, ask: Ask, answer: Answer) -> None:
        """Give an answer: at once if somebody waits for it, else to the inbox."""
        posted = Posted(ask.task.flow.data.job.offset, answer)
        with self._lock:
            if self._answers is not None:
                self._answers.append(posted)
                return
        self._inbox.post(posted)

    def close(self) -> None:
        """Say that all are answered."""
        self._done.set()


class _Hand:
    """One thread that asks."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: SimpleQueue[_Sitting | None] = SimpleQueue()
        self._now: tuple[_Sitting, Ask, float] | None = None
        self._left = False
        threading.Thread(target=self._run, name="theflow-judge", daemon=True).start()

    def take(self, sitting: _Sitting) -> None:
        """Ask what is open of it, when it is its turn."""
        self._waiting.put(sitting)

    def stuck(self, now: float) -> bool:
        """Whether one question has taken too long."""
        under_way = self._now
        return under_way is not None and now - under_way[2] > LIMIT

    def end(self) -> None:
        """End when what is under way has come back."""
        self._left = True
        self._waiting.put(None)

    def leave(self) -> list[_Sitting]:
        """Leave the thread behind with its question, which has failed; return what is still to be asked."""
        under_way = self._now
        self.end()
        left: list[_Sitting] = []
        if under_way is not None:
            sitting, ask, _ = under_way
            name = ask.task.name
            _logger.error("question not answered flow_id=%s task=%s: left behind", ask.task.flow.flow_id, name)
            problem = f"what was asked of task {name!r} took longer than {LIMIT:g} s; let it look at values only"
            sitting.answer(ask, QuestionFailed(name, Failure.plain("QuestionTimedOut", problem, "question_timed_out")))
            left.append(sitting)
        while not self._waiting.empty():
            waiting = self._waiting.get()
            if waiting is not None:
                left.append(waiting)
        return left

    def _run(self) -> None:
        while not self._left:
            sitting = self._waiting.get()
            if sitting is None:
                return
            while sitting.open and not self._left:
                ask = sitting.open.pop(0)
                self._now = (sitting, ask, self._clock.monotonic())
                answer = answer_to(ask.task)
                self._now = None
                if not self._left:
                    sitting.answer(ask, answer)
            if not self._left:
                sitting.close()


def answer_to(task: Task) -> Answer:
    """Ask what a task asks for: after a round whether there is another one, else whether it starts, and over what."""
    try:
        return _start(task) if task.part is None else _another_round(task)
    except BaseException as error:  # noqa: BLE001 - whatever the program's own function raises is its task's failure
        return QuestionFailed(task.name, failure_of(error))


def _another_round(task: Task) -> Answer:
    until = task.scheme.control.until
    return RoundJudged(task.name, again=until is not None and not _ask(until, task))


def _start(task: Task) -> Answer:
    control = task.scheme.control
    if control.when is not None and not _ask(control.when, task):
        return TaskSkipped(task.name)
    if control.map is None:
        return TaskChosen(task.name)
    return TaskChosen(task.name, _items(task, control.map))


def _ask(question: Question, task: Task) -> Any:
    return question.body(**arguments_of(task, question.parameters))


def _items(task: Task, mapped: Map) -> tuple[bytes, ...]:
    items = codec.split_list(_list(task))
    if len(items) > mapped.limit:
        raise DataRefused(
            "map",
            f"{len(items)} items for task {task.name!r}; at most {mapped.limit} are allowed: raise Map(limit=...)",
        )
    return items


def _list(task: Task) -> bytes:
    """Return the list of a map as JSON: what a function returns, a result, or a field of the storage."""
    control = task.scheme.control
    if control.items is not None:
        found = _ask(control.items, task)
        if isinstance(found, str | bytes) or not hasattr(found, "__iter__"):
            raise TypeError(f"the list of task {task.name!r} is {found!r:.100}; return something to iterate over")
        return codec.encode_items(found, "map")
    if control.list_of:
        what, data = f"result of {control.list_of!r}", task.result_of(control.list_of)
    else:
        what, data = f"field {control.list_in!r} of the storage", task.flow.plan.storage.get(control.list_in)
    if data is None or not data.startswith(b"["):
        shown = "missing" if data is None else data[:60].decode("utf-8", "replace")
        raise DataRefused("map", f"the {what} is no list but {shown}; task {task.name!r} runs once per item of it")
    return data
