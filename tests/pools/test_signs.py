"""Bodies in processes say how far they have come, and that they are alive, as bodies in threads do."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.pools import bodies
from tests.pools.patience import LONG, until
from tests.runtime.works import one_task
from theflow import FlowScheme, FlowStatus, Retry, TaskStatus
from theflow.errors import SchemeError
from theflow.runtime.clock import SystemClock
from theflow.runtime.signs import Said
from theflow.runtime.told_signs import PERIOD, Sign, ToldSigns

ALIVE = Sign(None)


def single(body, **options):
    return one_task(body, storage=bodies.Basket, **{"pool": "process", "concurrency": 100, **options})


def come(flow) -> tuple[object, ...] | None:
    """How far its only task says that it has come, as people see it now."""
    progress = flow.get().task("only").progress
    return progress and (progress.done, progress.total, progress.message, progress.attempt)


def told(heartbeat: float | None = None) -> tuple[ToldSigns, list[Sign], threading.Event]:
    """Signs of a body, those that were told, and whether one was."""
    heard: list[Sign] = []
    came = threading.Event()

    def tell(sign: Sign) -> None:
        heard.append(sign)
        came.set()

    return ToldSigns(SystemClock(), tell, heartbeat), heard, came


def test_progress_is_seen_while_the_body_runs_and_its_last_word_comes_with_the_outcome(works, tmp_path):
    works.start(scheme := single(bodies.speak_and_wait))
    flow = works.submit(scheme, {"folder": str(tmp_path)})
    until(lambda: come(flow) == (2, 3, "going on", 1))
    assert flow.get().task("only").status is TaskStatus.RUNNING
    (tmp_path / "go").touch()
    assert flow.wait(LONG).status is FlowStatus.SUCCEEDED
    assert come(flow) == (3, 3, "done", 1)


def test_what_a_process_said_before_it_died_is_kept_and_nothing_else_is_lost(works, tmp_path):
    works.start(scheme := single(bodies.speak_and_die))
    flow = works.submit(scheme, {"folder": str(tmp_path)})
    until(lambda: come(flow) == (7, 9, "the last word", 1))
    (tmp_path / "go").touch()
    ended = flow.wait(LONG)
    assert (ended.status, ended.task("only").error.type) == (FlowStatus.FAILED, "theflow.errors.WorkerDied")
    assert come(flow) == (7, 9, "the last word", 1)


def test_a_body_may_speak_as_often_as_it_likes(works):
    ended = works.run(single(bodies.babble))
    progress = ended.task("only").progress
    assert (ended.status, progress.done) == (FlowStatus.SUCCEEDED, 49_999)


def test_a_body_that_says_that_it_is_alive_outlives_its_heartbeat(works):
    assert works.run(single(bodies.breathe, heartbeat=0.6)).task("only").result == "alive"


def test_a_body_that_falls_silent_ends_with_its_process(works, tmp_path):
    works.start(scheme := single(bodies.fall_silent, heartbeat=0.5, retry=Retry(attempts=2, delay=0.0)))
    flow = works.submit(scheme, {"folder": str(tmp_path)})
    ended = flow.wait(LONG)
    assert ended.task("only").result == 2
    (silent,) = [attempt for attempt in works.client.attempts(flow.flow_id) if attempt.error is not None]
    assert silent.error.type == "HeartbeatTimeout"
    until(lambda: bodies.gone(int(Path(tmp_path, "pids1").read_text())))


def test_a_body_in_an_executor_may_speak_and_is_not_heard(works):
    with ThreadPoolExecutor(1) as own:
        scheme = single(bodies.babble, pool="own")
        works.start(scheme, executors={"own": own})
        ended = works.submit(scheme).wait(LONG)
    assert (ended.status, ended.task("only").progress) == (FlowStatus.SUCCEEDED, None)


def test_a_heartbeat_that_an_executor_cannot_tell_of_is_refused():
    with pytest.raises(SchemeError, match="its executor tells nothing of a body before that ends"):
        FlowScheme("order").add(bodies.one, pool="gpu", heartbeat=5)


def test_the_first_sign_is_told_at_once_and_the_newest_of_the_next_ones_a_moment_later():
    signs, heard, came = told()
    signs.give(Said(1, None, ""))
    assert heard == [Sign(Said(1, None, ""))]
    came.clear()
    for done in range(2, 1000):
        signs.give(Said(done, None, ""))
        signs.give(None)
    assert came.wait(10)
    assert heard[-1].said is not None
    assert len(heard) < 10


def test_what_was_held_back_is_told_when_the_body_ends():
    signs, heard, _ = told(heartbeat=1000)
    for done in range(3):
        signs.give(Said(done, None, ""))
    signs.close()
    assert heard[-1] == Sign(Said(2, None, ""))
    signs.close()
    assert heard[-1] == Sign(Said(2, None, ""))


def test_signs_of_a_short_heartbeat_are_held_back_for_less_long():
    signs, heard, came = told(heartbeat=PERIOD / 100)
    signs.give(None)
    came.clear()
    signs.give(None)
    assert came.wait(10)
    assert heard == [ALIVE, ALIVE]
