"""Where a task, or a part of one, stands after an attempt: succeeded, tried again, failed, or cancelled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from theflow.model.failure import Failure
from theflow.model.flow import Flow
from theflow.model.message import AttemptEnded, TaskFailed, TaskSucceeded
from theflow.model.plan import TaskState
from theflow.model.raised import CLASS, Asked
from theflow.model.retry import ONCE, Retry
from theflow.model.status import AttemptStatus, TaskStatus
from theflow.model.task_scheme import TaskScheme
from theflow.model.throttle import Throttle

# Attempts that end so spend no retry.
_FREE = (AttemptStatus.CANCELLED, AttemptStatus.THROTTLED)


def after_success(state: TaskState, event: TaskSucceeded) -> TaskState:
    """Return the state after an attempt whose body returned."""
    return TaskState(
        TaskStatus.SUCCEEDED, 0, state.attempt, state.failures, 0, None, event.started_at, event.ended_at, event.result
    )


def after_failure(
    flow: Flow, scheme: TaskScheme[..., Any], before: TaskState, event: TaskFailed, now: int
) -> tuple[TaskState, Failure]:
    """Return the state after an attempt that ended badly, with a time where it is tried again; and what it died of."""
    failures = before.failures + (event.status not in _FREE)
    policy = _policy(scheme, event)
    stand, failure = _stand(flow, policy, event, failures), event.failure
    retry_at = _retry_at(flow, policy, event, failures, now) if stand is TaskStatus.RETRYING else None
    if retry_at is not None and before.deadline_at is not None and retry_at >= before.deadline_at:
        # It would wait in vain, and its flow with it.
        note = "not tried again: the deadline of its task passes before the wait for that is over"
        stand, retry_at, failure = TaskStatus.FAILED, None, replace(failure, notes=(*failure.notes, note))
    return _ended(before, event, stand, failures, retry_at), failure


def after_failed_undo(
    flow: Flow, scheme: TaskScheme[..., Any], before: TaskState, event: TaskFailed, now: int
) -> TaskState:
    """Return the state of a compensation after an attempt that ended badly: nothing but its own policy ends it."""
    failures = before.failures + (event.status is not AttemptStatus.THROTTLED)
    policy = _policy(scheme, event)
    again = event.retryable and not _spent(policy, event, failures)
    retry_at = _retry_at(flow, policy, event, failures, now) if again else None
    return _ended(before, event, TaskStatus.RETRYING if again else TaskStatus.FAILED, failures, retry_at)


def record_of(flow: Flow, event: TaskFailed, failure: Failure) -> AttemptEnded:
    """Return the record of an attempt that ended badly, with who else is to wait because of it."""
    waits = _throttle(flow, event.asked)
    return AttemptEnded(event.name, event.attempt, event.status, failure, event.started_at, event.ended_at, waits)


def _stand(flow: Flow, policy: Retry, event: TaskFailed, failures: int) -> TaskStatus:
    if event.status is AttemptStatus.CANCELLED:
        return TaskStatus.CANCELLED
    if not event.retryable or _spent(policy, event, failures) or flow.failure is not None:
        return TaskStatus.FAILED
    # It would wait for a retry, and a flow that is cancelled waits no more.
    return TaskStatus.CANCELLED if flow.lost else TaskStatus.RETRYING


def _spent(policy: Retry, event: TaskFailed, failures: int) -> bool:
    return failures >= policy.attempts and event.status is not AttemptStatus.THROTTLED


def _ended(before: TaskState, event: TaskFailed, stand: TaskStatus, failures: int, retry_at: int | None) -> TaskState:
    return before._replace(
        status=stand,
        failures=failures,
        retry_at=retry_at,
        started_at=event.started_at,
        ended_at=event.ended_at if retry_at is None else None,
    )


def _retry_at(flow: Flow, policy: Retry, event: TaskFailed, failures: int, now: int) -> int:
    asked = event.asked
    if asked is not None and asked.at is not None:
        return asked.at
    return now + policy.wait(failures, f"{flow.flow_id}/{event.name}/{failures}")


def _throttle(flow: Flow, asked: Asked | None) -> Throttle | None:
    if asked is None or not asked.scope or asked.at is None:
        return None
    return Throttle(flow.scheme.name, "" if asked.scope == CLASS else flow.data.job.meta.user, asked.at)


def _policy(scheme: TaskScheme[..., Any], event: TaskFailed) -> Retry:
    return scheme.retry if scheme.retry is not ONCE or event.asked is None else event.asked.policy
