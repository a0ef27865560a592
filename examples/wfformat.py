"""Run a recorded scientific workflow (WfFormat 1.5 JSON) as one flow, and check that its order was kept.

    python examples/wfformat.py FILE [--scale 0.01] [--url URL]

WfFormat is how https://wfcommons.org records workflows that really ran: every task with its parents, and how long it
took. Each task becomes a task of the flow that sleeps for its recorded time, scaled; with scale 0 it does nothing, and
what remains is the cost of the engine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import sys
import time
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import theflow

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

VERSION = "1.5"


class NotWfFormat(ValueError):
    """The file cannot be run; the message says in one line why."""


@dataclass(frozen=True)
class Recorded:
    """One recorded task: what it came after, and how many seconds it took."""

    parents: tuple[str, ...]
    seconds: float


def scheme_from_wfformat(path: str | Path, scale: float = 0.0) -> theflow.FlowScheme:
    """Build a flow class from a WfFormat file; every task takes its recorded time multiplied by `scale`."""
    return scheme_of(Path(path).stem, read_workflow(path), scale)


def scheme_of(name: str, workflow: dict[str, Recorded], scale: float) -> theflow.FlowScheme:
    """Build a flow class from recorded tasks: the graph is known, so it is added task by task, without decorators."""
    scheme = theflow.FlowScheme(name)
    for task, recorded in workflow.items():
        scheme.add(sleeper(recorded.seconds * scale), name=task, after=recorded.parents)
    return scheme


def sleeper(seconds: float) -> Callable[[], Awaitable[None]]:
    """Return a body that takes that long; it waits on the event loop, so thousands can wait at once."""

    async def body() -> None:
        if seconds > 0:
            await asyncio.sleep(seconds)

    return body


def read_workflow(path: str | Path) -> dict[str, Recorded]:
    """Read a WfFormat file strictly; return its tasks by id, parents before children."""
    try:
        document = json.loads(Path(path).read_bytes())
        return parse_workflow(document)
    except OSError as error:
        raise NotWfFormat(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise NotWfFormat(f"{path}: not JSON: it is not UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise NotWfFormat(f"{path}: not JSON: {error}") from error
    except NotWfFormat as error:
        raise NotWfFormat(f"{path}: {error}") from error


def parse_workflow(document: object) -> dict[str, Recorded]:
    """Take the tasks out of a WfFormat document, and refuse one that contradicts itself."""
    version = field(document, "schemaVersion", str, "the document")
    if version != VERSION:
        raise NotWfFormat(f"schemaVersion is {version!r}; this program reads {VERSION!r}")
    workflow = field(document, "workflow", dict, "the document")
    specified = tasks_by_id(field(workflow, "specification", dict, "workflow"), "workflow.specification")
    executed = tasks_by_id(field(workflow, "execution", dict, "workflow"), "workflow.execution")
    for task in executed.keys() - specified.keys():
        raise NotWfFormat(f"workflow.execution runs {task!r}, which workflow.specification does not know")
    tasks = {}
    for task in parents_first(edges(specified)):
        if task not in executed:
            raise NotWfFormat(f"task {task!r} has no entry in workflow.execution, so its run time is unknown")
        seconds = field(executed[task], "runtimeInSeconds", (int, float), f"the execution of {task!r}")
        if not 0 <= seconds < math.inf:
            raise NotWfFormat(f"the execution of {task!r} took {seconds} seconds; a time is finite and not negative")
        tasks[task] = Recorded(parents=tuple(specified[task]["parents"]), seconds=seconds)
    return tasks


def tasks_by_id(section: dict[str, Any], where: str) -> dict[str, dict[str, Any]]:
    """Index a list of tasks by their ids."""
    tasks: dict[str, dict[str, Any]] = {}
    for position, task in enumerate(field(section, "tasks", list, where)):
        name = field(task, "id", str, f"{where}.tasks[{position}]")
        if name in tasks:
            raise NotWfFormat(f"{where} has two tasks with the id {name!r}")
        tasks[name] = task
    if not tasks:
        raise NotWfFormat(f"{where}.tasks is empty")
    return tasks


def edges(specified: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    """Return the parents of each task; the format says every edge twice, and both must agree."""
    parents = {name: field(task, "parents", list, f"task {name!r}") for name, task in specified.items()}
    children = {name: field(task, "children", list, f"task {name!r}") for name, task in specified.items()}
    for kind, neighbours, mirrored in (("parent", parents, children), ("child", children, parents)):
        for name, others in neighbours.items():
            for other in others:
                if not isinstance(other, str):
                    raise NotWfFormat(f"task {name!r} has a {kind} that is not an id: {other!r}")
                if other not in specified:
                    raise NotWfFormat(f"task {name!r} has an unknown {kind} {other!r}")
                if name not in mirrored[other]:
                    raise NotWfFormat(f"task {name!r} names {other!r} as a {kind}, but not the other way round")
    return parents


def parents_first(parents: dict[str, list[str]]) -> list[str]:
    """Put the tasks in an order in which each comes after its parents."""
    try:
        return list(TopologicalSorter(parents).static_order())
    except CycleError as error:
        raise NotWfFormat(f"the tasks wait for each other in a cycle: {' -> '.join(error.args[1])}") from error


def field(holder: object, name: str, kind: type | tuple[type, ...], where: str) -> Any:
    """Return a field of a JSON object, or say what is missing or of the wrong type."""
    if not isinstance(holder, dict):
        raise NotWfFormat(f"{where} is not a JSON object")
    if name not in holder:
        raise NotWfFormat(f"{where} has no {name!r}")
    if not isinstance(holder[name], kind) or isinstance(holder[name], bool):
        raise NotWfFormat(f"{where} has a {name!r} of the wrong type: {type(holder[name]).__name__}")
    return holder[name]


def critical_path(workflow: dict[str, Recorded]) -> list[str]:
    """Return the chain of tasks that takes longest: nothing can finish the workflow earlier."""
    reached: dict[str, float] = {}
    slowest_parent: dict[str, str] = {}
    for name, task in workflow.items():
        if task.parents:
            slowest_parent[name] = max(task.parents, key=reached.__getitem__)
        reached[name] = task.seconds + max((reached[parent] for parent in task.parents), default=0.0)
    path = [max(reached, key=reached.__getitem__)]
    while path[-1] in slowest_parent:
        path.append(slowest_parent[path[-1]])
    return path[::-1]


def order_broken(flow: theflow.FlowDetail) -> list[str]:
    """Say what went wrong, judged by the recorded times alone; an empty list means that all is well."""
    lines = {line.name: line for line in flow.tasks}
    problems = [f"{line.name} is {line.status}" for line in flow.tasks if line.status != theflow.TaskStatus.SUCCEEDED]
    if problems:
        return problems
    return [
        f"{line.name} started before {parent} ended"
        for line in flow.tasks
        for parent in line.after
        if (line.started_at or 0) < (lines[parent].ended_at or 0)
    ]


def run(path: str, scale: float, url: str | None) -> int:
    """Run the workflow once, print what it is and how long it took; return the exit code."""
    workflow = read_workflow(path)
    scheme = scheme_of(Path(path).stem, workflow, scale)
    longest = critical_path(workflow)
    seconds = sum(workflow[name].seconds for name in longest)
    print(f"workflow       {scheme.name}")
    print(f"tasks          {len(workflow)}")
    print(f"edges          {sum(len(task.parents) for task in workflow.values())}")
    print(f"critical path  {len(longest)} tasks, {seconds:.1f} s recorded, {seconds * scale:.1f} s at scale {scale:g}")

    with theflow.bootstrap(url, [scheme]) as runtime:
        started = time.perf_counter()
        flow = runtime.client.create_job(theflow.JobMeta(flow_class=scheme.name)).wait()
        took = time.perf_counter() - started

    print(f"flow           {flow.flow_id} {flow.status}")
    print(f"time taken     {took:.2f} s, {len(workflow) / took:.0f} tasks a second")
    problems = order_broken(flow)
    verdict = f"verified       all {len(flow.tasks)} succeeded, none started before its parents ended"
    print("\n".join(problems) or verdict)
    return 1 if problems else 0


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Run a recorded scientific workflow (WfFormat 1.5 JSON) as one flow.")
    parser.add_argument("file", help="a WfFormat 1.5 file, for instance from https://github.com/wfcommons/WfInstances")
    parser.add_argument("--scale", type=float, default=0.0, help="multiply the recorded run times (default: 0)")
    parser.add_argument("--url", help="the database (default: $THEFLOW_DATABASE_URL, else .theflow/theflow.db)")
    arguments = parser.parse_args()
    try:
        return run(arguments.file, arguments.scale, arguments.url)
    except (NotWfFormat, theflow.TheFlowError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
