"""Bodies in processes: they see what a thread would, and their death is the end of one attempt."""

from __future__ import annotations

import importlib
import os
import time
from pathlib import Path

from tests.pools import bodies
from tests.pools.patience import LONG, until
from tests.runtime.works import one_task
from theflow import AttemptStatus, Chain, FlowScheme, FlowStatus, Repeat, Retry

AGAIN = Retry(attempts=2, delay=0.0)
SLOW = """
import multiprocessing, time
if multiprocessing.parent_process():
    time.sleep(2)
def body():
    return 7
"""


def single(body, **options):
    return one_task(body, storage=bodies.Basket, pool="process", **{"concurrency": 100, **options})


def attempts_of(works, flow):
    """Those that did not succeed."""
    return [attempt for attempt in works.client.attempts(flow.flow_id) if attempt.error is not None]


def pids(folder, attempt=1):
    told = Path(folder, f"pids{attempt}")
    until(told.exists)
    return [int(number) for number in told.read_text().split()]


def test_a_body_in_a_process_sees_its_flow_and_not_the_runtimes_process(works):
    flow = works.run(single(bodies.seen), user="ann", labels={"a": "b"})
    result = flow.task("only").result
    assert result.pop("pid") != os.getpid()
    assert result == {
        "names": ["single", "only", "ann", flow.flow_id, f"{flow.flow_id}/only"],
        "labels": {"a": "b"},
        "numbers": [flow.offset, 1],
        "over": False,
    }


def test_storage_and_results_pass_from_process_to_process(works):
    scheme = FlowScheme("fruit", storage=bodies.Basket)
    pick = scheme.add(bodies.pick, pool="process")
    count = scheme.add(bodies.count, pool="process")
    one = scheme.add(bodies.one, after=[pick])
    scheme.add(bodies.add, pool="process", after=[count, one])
    flow = works.run(scheme)
    assert (flow.storage.fruit, flow.task("count").result, flow.task("add").result) == (["apple"], 3, 4)


def test_a_chain_passes_through_processes(works):
    scheme = FlowScheme("chain", storage=bodies.Basket, orchestration=Chain)
    scheme.add(bodies.pick, pool="process")
    scheme.add(bodies.pick, name="again", pool="process")
    assert works.run(scheme).storage.fruit == ["apple", "apple"]


def test_children_and_rounds_pass_into_processes(works):
    scheme = FlowScheme("parts", storage=bodies.Basket)
    scheme.add(bodies.child, pool="process", map=lambda: [7, 8])
    scheme.add(bodies.round_of, pool="process", repeat=Repeat(until=lambda round_of: round_of == 2, max=9))
    scheme.add(bodies.further, pool="process", repeat=Repeat(until=lambda further: further == 3, max=9))
    flow = works.run(scheme)
    assert flow.task("further").result == 3
    assert flow.task("child").result == [[7, 0, "child[0]"], [8, 1, "child[1]"]]
    assert flow.task("round_of").result == 2


def test_a_body_that_its_module_knows_as_a_task_is_found(works):
    assert works.run(bodies.decorated).task("named").result == "found"


def test_a_body_in_a_users_decorator_is_found(works):
    assert works.run(single(bodies.greet)).task("only").result == "hello!"


def test_what_a_body_logs_is_there_before_it_ends(works, tmp_path):
    works.start(scheme := single(bodies.talk_and_wait))
    flow = works.submit(scheme, {"folder": str(tmp_path)})
    lines = until(lambda: works.client.logs(flow.flow_id))
    Path(tmp_path, "go").touch()
    assert flow.wait(LONG).status is FlowStatus.SUCCEEDED
    lines = works.client.logs(flow.flow_id)
    assert [(line.level, line.message) for line in lines] == [("INFO", "waiting for go"), ("ERROR", "a worm")]
    assert all(abs(line.at - time.time() * 1e6) < 60e6 for line in lines)


def test_threads_that_log_after_their_body_disturb_no_other(works):
    works.start(scheme := single(bodies.linger), processes=1)
    flows = [works.submit(scheme) for _ in range(20)]
    assert len({flow.wait(LONG).task("only").result for flow in flows}) == 1
    assert {line.task for flow in flows for line in works.client.logs(flow.flow_id)} <= {"only"}


def test_an_exception_keeps_its_place_and_its_cause(works):
    flow = works.run(single(bodies.rot))
    failure = attempts_of(works, flow)[0].error
    assert (failure.type, failure.message) == ("tests.pools.bodies.Rotten", "bad apple")
    assert (failure.frames[-1].function, failure.frames[-1].user) == ("rot", True)
    assert (failure.causes[0].type, failure.causes[0].link) == ("ValueError", "cause")


def test_the_retry_policy_knows_an_exception_from_another_process(works):
    flow = works.run(single(bodies.rot, retry=Retry(attempts=3, delay=0.0, never=(bodies.Rotten,))))
    assert len(attempts_of(works, flow)) == 1


def test_a_result_that_cannot_be_stored_fails_its_task(works):
    flow = works.run(single(bodies.too_much))
    assert attempts_of(works, flow)[0].error.message.startswith("result: nan")


def test_ctx_tx_is_refused_with_what_to_do_instead(works):
    failure = attempts_of(works, works.run(single(bodies.write)))[0].error
    assert "write in a transactional task after it" in failure.message


def test_a_process_that_dies_fails_one_attempt_which_is_tried_again(works):
    flow = works.run(single(bodies.die_once, retry=AGAIN))
    assert flow.task("only").result == 2
    (lost,) = attempts_of(works, flow)
    assert (lost.status, lost.error.type) == (AttemptStatus.FAILED, "theflow.errors.WorkerDied")
    assert "ended with exit code 3" in lost.error.message


def test_a_death_takes_no_other_body_with_it(works, tmp_path):
    scheme = FlowScheme("pair", storage=bodies.Basket)
    scheme.add(bodies.talk_and_wait, name="innocent", pool="process")
    scheme.add(bodies.die_once, name="dying", pool="process", retry=AGAIN)
    works.start(scheme, processes=2)
    flow = works.submit(scheme, {"folder": str(tmp_path)})
    until(lambda: flow.get().task("dying").result == 2)
    Path(tmp_path, "go").touch()
    assert flow.wait(LONG).status is FlowStatus.SUCCEEDED
    assert {attempt.task for attempt in attempts_of(works, flow)} == {"dying"}


def test_a_signal_that_ended_a_process_is_named(works):
    (lost,) = attempts_of(works, works.run(single(bodies.crash)))
    assert "was killed by SIGSEGV" in lost.error.message


def test_a_process_that_dies_idle_costs_no_attempt(works):
    works.start(scheme := single(bodies.pid), processes=1)
    first = works.submit(scheme).wait(LONG).task("only").result
    os.kill(first, 9)
    until(lambda: bodies.gone(first))
    assert works.submit(scheme).wait(LONG).task("only").result != first


def test_a_timeout_kills_the_process_and_what_it_has_started(works, tmp_path):
    runtime = works.start(scheme := single(bodies.hang, timeout=2.0))
    flow = works.submit(scheme, {"folder": str(tmp_path)}).wait(LONG)
    assert attempts_of(works, flow)[0].status is AttemptStatus.TIMED_OUT
    until(lambda: all(map(bodies.gone, pids(tmp_path))))
    assert runtime.lost_threads == 0


def test_a_slow_import_is_no_part_of_the_time_of_a_body(works, tmp_path, monkeypatch):
    (tmp_path / "slow_to_import.py").write_text(SLOW)
    monkeypatch.syspath_prepend(tmp_path)
    slow = importlib.import_module("slow_to_import")
    assert works.run(single(slow.body, timeout=1.5)).task("only").result == 7


def test_a_cancel_kills_the_process(works, tmp_path):
    works.start(scheme := single(bodies.hang))
    flow = works.submit(scheme, {"folder": str(tmp_path)})
    running = pids(tmp_path)
    flow.cancel("enough")
    assert flow.wait(LONG).status is FlowStatus.CANCELLED
    until(lambda: all(map(bodies.gone, running)))


def test_what_waits_for_a_process_never_begins_after_a_cancel(works, tmp_path):
    works.start(scheme := single(bodies.hang), processes=1)
    first, second = (works.submit(scheme, {"folder": str(tmp_path / name)}) for name in ("a", "b"))
    Path(tmp_path, "a").mkdir()
    Path(tmp_path, "b").mkdir()
    pids(tmp_path / "a")
    assert second.cancel() is not None
    assert second.wait(LONG).status is FlowStatus.CANCELLED
    first.cancel()
    assert first.wait(LONG).status is FlowStatus.CANCELLED
    assert list(Path(tmp_path, "b").iterdir()) == []


def test_a_stop_kills_what_outlives_the_grace_and_another_runtime_runs_it_again(works, tmp_path):
    runtime = works.start(scheme := single(bodies.hang))
    flow = works.submit(scheme, {"folder": str(tmp_path)})
    running = pids(tmp_path)
    runtime.stop(0.1)
    assert all(map(bodies.gone, running))
    works.start(scheme)
    again = pids(tmp_path, attempt=2)
    assert set(again).isdisjoint(running)
    flow.cancel()
    assert flow.wait(LONG).status is FlowStatus.CANCELLED


def test_a_stop_lets_a_body_end_within_the_grace(works, tmp_path):
    runtime = works.start(scheme := single(bodies.talk_and_wait))
    flow = works.submit(scheme, {"folder": str(tmp_path)})
    until(lambda: works.client.logs(flow.flow_id))
    Path(tmp_path, "go").touch()
    runtime.stop(LONG)
    assert flow.get().status is FlowStatus.SUCCEEDED


def test_a_process_is_replaced_after_its_share_of_bodies(works):
    works.start(scheme := single(bodies.pid), processes=1, recycle=2)
    numbers = [works.submit(scheme).wait(LONG).task("only").result for _ in range(4)]
    assert numbers[0] == numbers[1] != numbers[2] == numbers[3]
    until(lambda: bodies.gone(numbers[0]))


def test_no_process_starts_before_it_is_needed_and_none_outlives_its_runtime(works):
    runtime = works.start(scheme := single(bodies.pid), processes=4)
    numbers = {works.submit(scheme).wait(LONG).task("only").result for _ in range(3)}
    runtime.stop()
    assert len(numbers) == 1
    assert all(map(bodies.gone, numbers))
