"""Draw the docs' states from the tables of the machine; `python -m tests.house.state_diagram` writes the page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from theflow.model.decide import FLOW_MOVES, TASK_MOVES
from theflow.model.status import FlowStatus, TaskStatus

PAGE = Path(__file__).parents[2] / "docs" / "states.md"

HEAD = """\
# States

These diagrams are drawn from the tables `FLOW_MOVES` and `TASK_MOVES` in `theflow/model/decide.py`, the file that holds
the whole state machine. A test compares this page with the tables, and another crosses every arrow. Whatever is not
drawn raises `IllegalEvent` and changes nothing.

A word on an arrow is the event that the machine is told:

| event | means |
|---|---|
| `Started` | the flow was admitted for the first time |
| `Recovered` | the flow was admitted again, after its runtime died, was stopped, or let it go |
| `TaskSucceeded` | the body of a task returned |
| `TaskFailed` | the body of a task raised, or ran out of time |
| `RetryDue` | the wait before the next attempt is over |
| `HookEnded` | the hook `on_success` or `on_failure` returned or raised |
| `Park` | the flow cannot go on before a person looks at it |
"""
FLOW = """
## A flow

`succeeded` and `failed` are final. After a task has failed for good, its flow starts no other task, and is `failed`
when those that run have ended. A flow that has ended is `Recovered` when its process died before the hook was done.
"""
TASK = """
## A task

Arrows show what an event does to a task, also to one that the event does not name: the last success before it starts
a `pending` task, and the end of a flow that fails gives up those that wait for a retry. `succeeded` and `failed` are
final: they are the outcome, which is recorded once. An attempt that was lost with its process is followed by another
(`running` to `running`), unless the flow fails (back to `pending`, where it stays) or the task is `at_most_once`
(`failed`). A task that is `retrying` stays so when its timer comes early, is set again, or finds the flow failing.
"""


def diagram(moves: Mapping[str, Mapping[str, tuple[str, ...]]], first: str) -> str:
    """Draw a table as a mermaid state diagram; events between the same two states share an arrow."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for before, row in moves.items():
        for event, afters in row.items():
            for after in afters:
                arrows.setdefault((str(before), str(after)), []).append(event)
    lines = [f"    {before} --> {after}: {', '.join(events)}" for (before, after), events in arrows.items()]
    ends = [f"    {before} --> [*]" for before in moves if before.ended]
    return "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {first}", *lines, *ends, "```", ""])


def page() -> str:
    """The whole page of the docs."""
    flow, task = diagram(FLOW_MOVES, FlowStatus.PENDING), diagram(TASK_MOVES, TaskStatus.PENDING)
    return f"{HEAD}{FLOW}\n{flow}{TASK}\n{task}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
