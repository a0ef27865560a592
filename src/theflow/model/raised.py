"""What a body raises to say how its attempt is to be taken: not again, not now; and what such an exception asks for."""

from __future__ import annotations

import math
from functools import partial
from typing import Any, NamedTuple

from theflow.errors import SchemeError
from theflow.model.retry import DELAY_LIMIT, ONCE, Retry, Span, check_code, seconds_of

QUEUE, CLASS = "queue", "class"


class Fatal(Exception):
    """Raised by a body whose task must not be tried again, whatever its policy says.

    `code` is a short word for programs; a subclass may give it as a class attribute.
    """

    code: str = ""

    def __init__(self, message: str = "", *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            check_code("Fatal", code)
            self.code = code


class Throttled(Exception):
    """Raised by a body that was told to come back later; it spends no attempt.

    For `retry_after` (seconds or a timedelta) no flow of the same queue (user and class) starts, or none of the whole
    class with `scope="class"`; then the task is tried again. Flows that run already go on.
    """

    code: str = "throttled"

    def __init__(
        self, message: str = "", *, retry_after: float | Span, scope: str = QUEUE, code: str | None = None
    ) -> None:
        super().__init__(message)
        seconds = seconds_of(retry_after)
        if type(seconds) not in (int, float) or not math.isfinite(seconds) or not 0 <= seconds <= DELAY_LIMIT:
            raise SchemeError(
                f"Throttled: retry_after is {retry_after!r}; it must be seconds or a timedelta from 0 to "
                f"{DELAY_LIMIT:g} s"
            )
        if scope not in (QUEUE, CLASS):
            raise SchemeError(f"Throttled: scope is {scope!r}; it must be {QUEUE!r} or {CLASS!r}")
        if code is not None:
            check_code("Throttled", code)
            self.code = code
        self.retry_after = seconds
        self.scope = scope

    def __reduce__(self) -> tuple[Any, ...]:
        options: dict[str, Any] = {"retry_after": self.retry_after, "scope": self.scope, "code": self.code}
        return partial(type(self), **options), self.args


# As their users import them, and as their failures show them.
Fatal.__module__ = Throttled.__module__ = "theflow"


class Asked(NamedTuple):
    """What a body asked for: another attempt, not before `at` (None: when the policy says so).

    `policy` is what counts where its task declared none. With a `scope`, a queue or its class waits too until then, and
    no attempt is spent.
    """

    at: int | None
    policy: Retry = ONCE
    scope: str = ""


def asked_by(error: BaseException, now: int) -> Asked | None:
    """Return what an exception that was raised now asks for; None if nothing."""
    # Its type says what it is; isinstance would ask the exception for its __class__, which may be the user's own code.
    kind = type(error)
    if issubclass(kind, Retry) and isinstance(error, Retry):
        return Asked(error.due(now), error.as_policy())
    if issubclass(kind, Throttled) and isinstance(error, Throttled):
        return Asked(now + round(error.retry_after * 1_000_000), scope=error.scope)
    return None


def forbids_retry(error: BaseException) -> bool:
    """Whether an exception says that its task must not be tried again."""
    return issubclass(type(error), Fatal)
