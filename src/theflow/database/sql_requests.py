"""What people ask of a flow in a SQL database: it is done at once, or left for the runtime that holds the flow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from theflow.database import codec, rows
from theflow.database.batch import Batch
from theflow.database.dialect import Dialect, Session
from theflow.database.records import Incarnation, Told
from theflow.database.sql_questions import SqlQuestions
from theflow.errors import RowRefused
from theflow.model.failure import LOST
from theflow.model.status import BEGUN, FlowStatus
from theflow.model.submission import GOES_ON, BeforeIt, edit_misfit, taken
from theflow.model.verb import CANCELLED_BEFORE, ENDED_BEFORE, misfit
from theflow.model.view import DONE, Request


class SqlRequests(SqlQuestions):
    """The requests of the RuntimeStore over a dialect."""

    def __init__(self, dialect: Dialect) -> None:
        super().__init__(dialect)
        self._dialect = dialect

    def ask(self, wanted: Sequence[tuple[int, Request]]) -> list[Told]:
        """Ask things of flows in one transaction, each on its own: done at once, left for a runtime, or refused."""
        try:
            told = self._ask_all(wanted)
        except RowRefused:
            # Somebody else was quicker to put a flow that has ended into the queue again.
            told = self._ask_all(wanted)
        if any(each.id for each in told):
            self._dialect.announce()
        return told

    def _ask_all(self, wanted: Sequence[tuple[int, Request]]) -> list[Told]:
        with self._dialect.write() as session:
            # In one order everywhere, so that two transactions never wait for each other.
            order = sorted(range(len(wanted)), key=lambda number: wanted[number][0])
            for number in order:
                _prepare(session, *wanted[number])
            told = {number: tell(session, *wanted[number]) for number in order}
        return [told[number] for number in range(len(wanted))]

    def asked(self, incarnation: Incarnation) -> list[tuple[int, Request]]:
        """List what somebody asked of the flows that the incarnation holds and is still to be done, in order."""
        found = self._dialect.glance("asked_flows", {"owner": incarnation.id})
        return [(row[0], rows.request(row[1:])) for row in found]

    def requests(self, offset: int) -> list[Request]:
        """List what was asked of a flow, the oldest first."""
        return [rows.request(row) for row in self._ask("requests_of", {"offset": offset})]


def answer(session: Session, batch: Batch) -> None:
    """Write what came of requests, and let the tasks have another outcome whose old one they took back."""
    for offset, name in batch.reopened:
        session.run("reopen_task", {"offset": offset, "name": name})
    for row in batch.answers:
        given = {"id": row.id, "at": row.at, "answer": row.answer}
        if session.run("answer_request", given) and row.counted:
            session.run("answer_job", {"offset": row.offset})


class _Job(NamedTuple):
    owner: int | None
    parked: int
    asked: int
    verbs: int


class _Flow(NamedTuple):
    """A flow of which something is asked; its job is locked, if it has one."""

    offset: int
    job: _Job | None
    stand: FlowStatus
    paused_at: int | None
    flow_id: str

    @property
    def held(self) -> bool:
        return self.job is not None and self.job.owner is not None


def tell(session: Session, offset: int, request: Request) -> Told:
    """Ask something of one flow, in a transaction that is under way."""
    job = _locked(session, offset) if request.verb == "cancel" else session.one("lock_job", {"offset": offset})
    found = session.one("flow_status", {"offset": offset})
    if found is None:
        return Told(None)
    flow = _Flow(offset, None if job is None else _Job(*job), rows.status(found[0]), found[1], found[2])
    match request.verb:
        case "cancel":
            return _cancel(session, flow, request)
        case "resume" if flow.job is not None and not flow.held and flow.job.parked == 1:
            return _resume(session, flow, request)
    to_end = flow.job is not None and flow.job.asked and not flow.stand.ended
    refusal = misfit(request.verb, flow.flow_id, FlowStatus.CANCELLING if to_end else flow.stand)
    if refusal:
        return Told(flow.stand, refusal=refusal)
    match request.verb:
        case "pause" if flow.stand is FlowStatus.PENDING and not flow.held:
            given = {"offset": offset, "at": request.asked_at}
            session.run("pause_flow", {**given, "reason": request.line()})
            session.run("pause_job", {"offset": offset})
            return _done(session, flow, request, FlowStatus.PAUSED)
        case "edit_job":
            return _edit(session, flow, request)
        case "run_now" if flow.stand is FlowStatus.PENDING:
            given = {"offset": offset, "now": request.asked_at}
            session.run("hasten_flow", given)
            session.run("hasten_job", given)
            return _done(session, flow, request, flow.stand)
    return _leave(session, flow, request)


def _prepare(session: Session, offset: int, request: Request) -> None:
    """Hold still what is held before jobs everywhere: a unique key that is needed again, or the class of a flow."""
    if request.verb not in (*GOES_ON, "edit_job"):
        return
    found = session.one("key_of_flow", {"offset": offset})
    if found is None:
        return
    flow_class, user, key = found
    if request.verb == "edit_job":
        # A look from before counts no more: it has seen the flow as it was.
        session.many("insert_class", [(flow_class,)])
        session.run("touch_class", {"name": flow_class})
    elif key is not None:
        session.run("hold_key", {"flow_class": flow_class, "user_name": user, "name": key})


def _edit(session: Session, flow: _Flow, request: Request) -> Told:
    """Change a flow that has not begun."""
    row = session.one("before_it", {"offset": flow.offset})
    given = request.payload
    refusal = "" if row is None else edit_misfit(BeforeIt(row[0], row[1] is not None, bool(row[2]), row[3]), given)
    if flow.held or refusal:
        return Told(flow.stand, refusal=refusal or f"flow {flow.flow_id} is in hand; it begins")
    changed = {
        "offset": flow.offset,
        "input": codec.encode(given["input"]).decode() if "input" in given else None,
        "description": given.get("description"),
        "priority": given.get("priority"),
        "run_at": given.get("run_at"),
    }
    session.run("edit_flow", changed)
    session.run("edit_job", changed)
    return _done(session, flow, request, flow.stand)


def _take_key(session: Session, flow: _Flow, request: Request) -> str:
    """Give a flow that is to go on after its end its unique key again; say why not if that is another's."""
    found = session.one("key_of_flow", {"offset": flow.offset}) if request.verb in GOES_ON else None
    if found is None or found[2] is None:
        return ""
    key = {"flow_class": found[0], "user_name": found[1], "name": found[2]}
    row = session.one("key_holder", key)
    holder = None if row is None else rows.key_holder(row)
    if holder is not None and holder.offset != flow.offset and holder.active:
        return taken(flow.flow_id, found[2], holder)
    session.run("own_key", {**key, "offset": flow.offset})
    return ""


def _leave(session: Session, flow: _Flow, request: Request) -> Told:
    """Leave it for whoever holds the flow, or takes it next."""
    place = {"offset": flow.offset}
    refusal = _take_key(session, flow, request) if flow.stand.ended else ""
    if refusal:
        return Told(flow.stand, refusal=refusal)
    if flow.job is not None:
        session.run("heed_job", place)
    elif flow.stand.ended:
        session.run("drop_requests", {**place, "at": request.asked_at, "answer": ENDED_BEFORE})
        session.run("reopen_job", place)
    else:
        return Told(flow.stand, refusal=f"flow {flow.flow_id} is {flow.stand} and has no job: its rows are damaged")
    return Told(flow.stand, _note(session, flow, request))


def _cancel(session: Session, flow: _Flow, request: Request) -> Told:
    if flow.job is None or flow.stand.ended or flow.stand is FlowStatus.REVERTING:
        return Told(flow.stand, refusal=misfit(request.verb, flow.flow_id, flow.stand))
    if not (flow.held or (flow.stand in BEGUN and _undoes(session, flow.offset))):
        return _cancel_free(session, flow, flow.job, request)
    if flow.job.asked:
        return Told(FlowStatus.CANCELLING)
    session.run("ask_job" if flow.held else "free_for_request", {"offset": flow.offset})
    return Told(FlowStatus.CANCELLING, _note(session, flow, request))


def _undoes(session: Session, offset: int) -> bool:
    """Whether a flow undoes what it did when it is cancelled: then it is ended by a runtime, whoever holds it."""
    definition = session.one("definition_of", {"offset": offset})
    return definition is not None and rows.undoes_on_cancel(definition[0])


def _locked(session: Session, offset: int) -> Sequence[Any] | None:
    """Hold the job of a flow still, and before it those of all flows below: their ends go up the same way."""
    for child, _ in session.all("open_children", {"offset": offset}):
        _locked(session, child)
    return session.one("lock_job", {"offset": offset})


def _cancel_free(session: Session, flow: _Flow, job: _Job, request: Request) -> Told:
    """Cancel a flow that nobody holds; it ends now, unless flows below it have to end first that somebody holds."""
    below = request.passed_on(flow.flow_id)
    children = session.all("open_children", {"offset": flow.offset})
    stands = [tell(session, child, below).stand for child, _ in children]
    if any(stand is not None and not stand.ended for stand in stands):
        if job.asked:
            return Told(FlowStatus.CANCELLING)
        session.run("hold_flow", {"offset": flow.offset, "reason": request.line()})
        session.run("hold_job", {"offset": flow.offset})
        return _done(session, flow, request, FlowStatus.CANCELLING)
    _end(session, flow, request)
    return _done(session, flow, request, FlowStatus.CANCELLED)


def _end(session: Session, flow: _Flow, request: Request) -> None:
    """End a flow that nobody holds, as the machine does with one that it is told to cancel."""
    place = {"offset": flow.offset}
    ended = {**place, "ended_at": request.asked_at}
    session.run("cancel_flow", {**ended, "reason": request.line()})
    if flow.stand is not FlowStatus.WAITING:  # what runs there is a task of which all that is under way are sub-flows
        session.run("lose_attempts", {**place, "error": codec.encode_failure(LOST)})
    session.run("cancel_tasks", ended)
    if flow.job is not None and (flow.job.verbs or flow.job.asked):
        session.run("drop_requests", {**place, "at": request.asked_at, "answer": CANCELLED_BEFORE})
        session.run("drop_verbs", place)
    session.run("delete_jobs", {"offsets": codec.encode_definition([flow.offset])})
    parent = session.one("parent_of", place)
    if parent is not None:
        session.run("wake_job", {"offset": parent[0]})


def _resume(session: Session, flow: _Flow, request: Request) -> Told:
    """Let a flow in that rests, with its claims counted anew; what was left of its waits may be left still."""
    place = {"offset": flow.offset}
    if flow.paused_at is not None and _holds_timers(session, flow):
        waited = {**place, "since": flow.paused_at, "held": max(request.asked_at - flow.paused_at, 0)}
        for statement in ("shift_retries", "shift_deadlines", "shift_flow", "shift_job"):
            session.run(statement, waited)
    session.run("resume_job", place)
    session.run("resume_flow", place)
    found = session.one("flow_status", place)
    return _done(session, flow, request, flow.stand if found is None else rows.status(found[0]))


def _holds_timers(session: Session, flow: _Flow) -> bool:
    pauses = [row for row in session.all("requests_of", {"offset": flow.offset}) if row[1] == "pause"]
    return bool(pauses) and rows.request(pauses[-1]).payload.get("timers") == "hold"


def _done(session: Session, flow: _Flow, request: Request, stand: FlowStatus) -> Told:
    done = replace(request, handled_at=request.asked_at, answer=DONE)
    return Told(stand, _note(session, flow, done), done=True)


def _note(session: Session, flow: _Flow, request: Request) -> int:
    session.run("insert_request", rows.request_row(flow.offset, request))
    found = session.one("newest_request", {"offset": flow.offset})
    return int(found[0]) if found else 0
