"""The main job, killed in the middle: nothing that was finished is done twice, and nothing is lost.

    make demo      or      python examples/demo.py [ROOT]

Ann and Bob each submit a census (examples/census.py). A runtime takes both up and is killed with SIGKILL halfway; a
second one goes on where the first stopped. This program itself only submits and asks: it runs no engine.
Its exit code is 0 only if every task that was finished before the kill was kept as it was, and both flows succeeded.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import theflow
from theflow import FlowDetail, FlowStatus, TaskLine, TaskStatus

HERE = Path(__file__).resolve().parent
HOME = Path(".theflow/demo")
DATABASE = HOME / "theflow.db"
PATIENCE = 60.0
LOOK_EVERY = 0.02
ENOUGH = 4

Flows = dict[str, FlowDetail]


class DemoFailed(Exception):
    """Something that must hold did not."""


def main() -> int:
    """Submit, kill, start again, compare."""
    parser = argparse.ArgumentParser(description="Kill a runtime in the middle of its work, and see it go on.")
    parser.add_argument("root", nargs="?", help="directory to take the census of (default: the standard library)")
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    began = time.monotonic()
    try:
        with theflow.connect(f"sqlite:///{DATABASE}") as client:
            show(client, parser.parse_args().root)
    except (DemoFailed, theflow.TheFlowError) as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    print(f"\nAll of it took {time.monotonic() - began:.0f} s. Look around in the database it left:")
    for command in ("ls", "show '#1'", "logs '#2'"):
        print(f"  {os.path.relpath(sys.executable)} -m theflow --db sqlite:///{DATABASE} {command}")
    return 0


def show(client: theflow.Client, root: str | None) -> None:
    """Tell the story in five steps."""
    title("1. Two users submit a job each. No runtime is needed for that.")
    ids = {user: submit(client, user, root) for user in ("ann", "bob")}

    title("2. A runtime starts to work, and is killed in the middle (SIGKILL: it cannot clean up).")
    first = start_runtime("first.log")
    try:
        wait_for_the_middle(client, ids, first)
    finally:
        first.kill()
        first.wait()
    print(f"  runtime with pid {first.pid} is dead, exit code {first.returncode}")

    size = sum(file.stat().st_size for file in HOME.glob("theflow.db*"))
    title(f"3. What is on disk now ({DATABASE}, {size / 1000:.0f} kB):")
    before = look(client, ids)
    print_tasks({user: {line.name: found(line) for line in flow.tasks} for user, flow in before.items()})

    title("4. A runtime starts again, and goes on until nothing is left.")
    second = start_runtime("second.log")
    try:
        exit_code = second.wait(PATIENCE)
    except subprocess.TimeoutExpired as error:
        raise DemoFailed(
            f"the second runtime did not end within {PATIENCE:.0f} s; see {HOME / 'second.log'}"
        ) from error
    finally:
        second.kill()
    after = look(client, ids)
    for user, flow in after.items():
        print(f"  {user}: {flow.status}")
    require(exit_code == 0, f"the second runtime ended with exit code {exit_code}; see {HOME / 'second.log'}")
    print_tasks({user: compare(client, before[user], after[user]) for user in ids})

    title("5. The report of ann's census (bob's is the same):")
    reports = [[Path(path) for path in flow.task("report").result] for flow in after.values()]
    require(len({table.read_text() for table, _, _ in reports}) == 1, "the two reports differ")
    for table, rows, chart in reports[:1]:
        print(table.read_text(), f"rows:  {rows}", f"chart: {chart}", sep="\n")


def submit(client: theflow.Client, user: str, root: str | None) -> str:
    """Submit a census; its input is plain JSON here, for this program need not know the class."""
    order = {"output": str(HOME / user)} | ({"root": root} if root else {})
    handle = client.create_job(theflow.JobMeta(flow_class="census", user=user, input=order, description="make demo"))
    print(f"  {user}: flow {handle.flow_id}, offset {handle.offset}, {client.get_flow(handle.flow_id).status}")
    return handle.flow_id


def start_runtime(log: str) -> subprocess.Popen[bytes]:
    """Start `theflow run` as a process of its own; two threads, so that there is a middle to be killed in."""
    command = ["-m", "theflow", "run", str(HERE / "census.py"), "--burst", "--threads", "2", "--name", "demo"]
    with (HOME / log).open("wb") as output:
        return subprocess.Popen(
            [sys.executable, *command, "--db", f"sqlite:///{DATABASE}"], stdout=output, stderr=subprocess.STDOUT
        )


def wait_for_the_middle(client: theflow.Client, ids: dict[str, str], runtime: subprocess.Popen[bytes]) -> None:
    """Return once a flow has finished a few tasks and works on another."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        flows = look(client, ids).values()
        require(
            not all(flow.status.ended for flow in flows), "both flows ended first; ROOT is too small to be killed in"
        )
        require(runtime.poll() is None, f"the runtime ended by itself; see {HOME / 'first.log'}")
        for flow in flows:
            states = [line.status for line in flow.tasks]
            if states.count(TaskStatus.SUCCEEDED) >= ENOUGH and TaskStatus.RUNNING in states:
                return
        time.sleep(LOOK_EVERY)
    raise DemoFailed(f"no flow was half done within {PATIENCE:.0f} s; see {HOME / 'first.log'}")


def look(client: theflow.Client, ids: dict[str, str]) -> Flows:
    """Ask for the flows of all users as they are now."""
    return {user: client.get_flow(flow_id) for user, flow_id in ids.items()}


def found(line: TaskLine) -> str:
    """Say how a task was found after the kill."""
    if line.status is TaskStatus.SUCCEEDED:
        return f"finished {clock(line.ended_at)}"
    return "cut off" if line.status is TaskStatus.RUNNING else "not begun"


def compare(client: theflow.Client, before: FlowDetail, after: FlowDetail) -> dict[str, str]:
    """Say what became of each task of a flow; raise DemoFailed if a promise was broken."""
    require(after.status is FlowStatus.SUCCEEDED, f"flow {after.flow_id} {after.status}: {after.reason}")
    earlier = {line.name: line for line in before.tasks}
    words = {}
    for line in after.tasks:
        name, old = line.name, earlier[line.name]
        attempts = client.attempts(after.flow_id, task=name)
        if old.status is TaskStatus.SUCCEEDED:
            same = (old.attempt, old.started_at, old.ended_at) == (line.attempt, line.started_at, line.ended_at)
            require(same and len(attempts) == 1, f"{name} of {after.user} was finished, and yet it ran again")
            words[name] = f"kept     {clock(line.ended_at)}"
        elif old.status is TaskStatus.RUNNING:
            require(line.attempt == old.attempt + 1, f"{name} of {after.user} was cut off, and did not run again")
            words[name] = f"ran again: {', '.join(f'{attempt.number} {attempt.status}' for attempt in attempts)}"
        else:
            words[name] = "ran"
    return words


def clock(microseconds: int | None) -> str:
    """Show the time of day of a recorded moment, to the millisecond."""
    return f"{datetime.fromtimestamp((microseconds or 0) / 1_000_000, UTC):%H:%M:%S.%f}"[:-3]


def require(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - it is the claim itself
    """Raise DemoFailed unless the claim holds."""
    if not holds:
        raise DemoFailed(otherwise)


def title(text: str) -> None:
    """Print the headline of a step."""
    print(f"\n{text}", flush=True)


def print_tasks(columns: dict[str, dict[str, str]]) -> None:
    """Print a table: a line for each task, a column for each user."""
    print("  task            " + "".join(f"{user:<32}" for user in columns).rstrip())
    for name in next(iter(columns.values())):
        print(f"  {name:<16}" + "".join(f"{column[name]:<32}" for column in columns.values()).rstrip())


if __name__ == "__main__":
    sys.exit(main())
