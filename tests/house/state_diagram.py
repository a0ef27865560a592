"""Draw the docs' states from the tables of the machine; `python -m tests.house.state_diagram` writes the page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from theflow.model.moves import FLOW_MOVES, TASK_MOVES
from theflow.model.status import FlowStatus, TaskStatus
from theflow.model.undoing import UNDO_MOVES

PAGE = Path(__file__).parents[2] / "docs" / "states.md"

HEAD = """\
# States

These diagrams are drawn from the tables `FLOW_MOVES` and `TASK_MOVES` in `theflow/model/moves.py`, and `UNDO_MOVES` in
`theflow/model/undoing.py`. A test compares this page with the tables, and another crosses every arrow. Whatever is not
drawn raises `IllegalEvent` and changes nothing.

A word on an arrow is the event that the machine is told:

| event | means |
|---|---|
| `Started` | the flow was admitted for the first time |
| `Recovered` | the flow was admitted again, after its runtime died, was stopped, or let it go |
| `TaskSucceeded` | the body of a task returned |
| `TaskFailed` | the body of a task raised, or ran out of time |
| `TaskChosen` | the condition of a task holds, and its list is known |
| `TaskSkipped` | the condition of a task does not hold |
| `QuestionFailed` | the condition or the list of a task raised |
| `RoundJudged` | after a round, the condition of a repetition was asked |
| `InputBuilt` | the body of a sub-flow's task returned what the sub-flow is to begin with |
| `SubflowEnded` | a sub-flow for which a task waited has ended |
| `RetryDue` | the wait before the next attempt is over |
| `DeadlinePassed` | the time is up that a task had for all its attempts, or the whole flow |
| `GraceOver` | the time is up that bodies had to end after they were told to |
| `HookEnded` | the hook `on_success` or `on_failure` returned or raised |
| `Park` | the flow cannot go on before a person looks at it |
| `Cancel` | a person asked for the flow to end as it stands |
| `Revert` | a person asked for what the flow did to be undone |
| `Pause` | a person asked for the flow to come to rest |
| `Resume` | a person lets a parked or paused flow go on |
| `Retry` | a person asked for the tasks without success, or some of them, to be tried again |
| `RetryFrom` | a person asked for a task, and all that comes after it, to run again |
| `Skip` | a person asked for a task not to run, and to count as succeeded |
| `MarkDone` | a person says that a task is done |
| `MarkFailed` | a person says that a task has failed for good |
| `EditStorage` | a person has set fields of the storage |
| `RunNow` | a person asked for tasks not to wait for their next attempt any longer |
| `Dismiss` | nothing came of what a person asked of a flow that has ended |
"""
FLOW = """
## A flow

`succeeded`, `failed` and `cancelled` are the outcome: only a person moves a flow from there (`Retry`, `RetryFrom`,
`Skip`, `MarkDone`), and then it is the same run that goes on. After a task has failed for good, its flow starts no
other task, and is `failed` when those that run have ended. A flow that has ended is `Recovered` when its process died
before the hook was done.

A flow that no runtime holds (`pending`, `parked`, or let go by a runtime that died) is ended
by whoever cancels it. One that a runtime holds is `cancelling` as soon as that hears of it: nothing new starts, waits
for a retry end, bodies are told, and it is `cancelled` when none of them runs any more, whatever they returned. No hook
runs then. If its runtime dies meanwhile, whoever takes it over ends it, and runs no body again. A flow that is
`cancelling` and whose rows the database refuses (`Park`) ends without them. Bodies that have not ended when its grace
is over are left behind: what they still return is not heard, and the ending of the flow is `abandoned`, not `clean`.

A flow that is not done by its deadline starts nothing more; its bodies are told to end as those of a flow that is
cancelled, with the same grace, and then it is `failed`, and its hook runs.

A flow is `reverting` while what it did is undone: after a failure (`on_failure="rollback"`), after a cancel
(`on_cancel="rollback"`), or because a person asked for it (`Revert`), also after its end. While bodies of tasks still
run it waits for them. It is `reverted` when all is undone, or there was nothing to undo. When a compensation has failed
for good and nothing else can be undone, or the flow would have to be parked, it is `revert_failed`, until a person asks
once more. Nothing cancels it meanwhile. See [compensation](compensation.md).

`waiting` is a word for people: a flow of which nothing but [sub-flows](subflows.md) is under way is in nobody's hands,
and its row says so. Whoever takes it in hand again has a `running` flow.

A flow that is paused is `pausing` as long as a body of it runs: nothing new starts, and outcomes are taken. It is
`paused` when nothing of it runs any more, unless it has ended by that: `paused` says that it is quiet. One of which a
task fails for good meanwhile is not paused any more, as it starts nothing more.
"""
TASK = """
## A task

Arrows show what an event does to a task, also to one that the event does not name: the last success before it starts
a `pending` task, and the end of a flow that fails gives up those that wait for a retry. `succeeded`, `failed` and
`cancelled` are the outcome, which is recorded once; only a person's word lets a task run again, and then its attempts
are numbered on. An attempt that was lost with its process is
followed by another (`running` to `running`), unless the flow fails (back to `pending`, where it stays) or the task is
`at_most_once` (`failed`). A task that is `retrying` stays so when its timer comes early, is set again, or finds the
flow failing.

A task that is `waiting` has a sub-flow under way; one that is done in parts stays `running` while these have. A
flow that goes on no more cancels its sub-flows, and ends when they have.

A task whose time is up (`DeadlinePassed`) has `failed`, whether it waits or its body runs, which then is not heard any
more. A task that would wait for its next attempt until its deadline or longer fails at once.

A task that is done in parts (`map=`, `repeat=`) is `running` while its parts are; these move as tasks do, and their
events are drawn where they move the task. It is `cancelled` when its flow fails before it is done. What follows a task
that is `skipped`, or that failed where those after it can do without, says [semantics](semantics.md).

In a flow that is cancelled, or whose own time is up, a task is `cancelled` if its attempt ended because of that, was
lost, or would have been followed by another. One whose body returned or failed for good in spite of it keeps that
outcome, and one that never started stays `pending`.
"""
UNDO = """
## What undoes a task

A compensation has a state of its own, from the moment when the flow begins to undo what it did. It is `pending` until
whatever came after its task is undone. `succeeded` is final. One that `failed` holds back what came before its task,
and is tried again when a person asks for it. An attempt that was lost with its process is followed by another.
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
    undo = diagram(UNDO_MOVES, TaskStatus.PENDING)
    return f"{HEAD}{FLOW}\n{flow}{TASK}\n{task}{UNDO}\n{undo}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
