"""A pool that somebody else runs: any `concurrent.futures.Executor` that a runtime is given by name."""

from __future__ import annotations

from concurrent.futures import BrokenExecutor, Executor, Future
from functools import partial

from theflow.errors import InputError, PoolBroken
from theflow.runtime.attempt import Attempt
from theflow.runtime.body_threads import BodyThreads
from theflow.runtime.desk import Desk
from theflow.runtime.errand import Report, run_errand


class ForeignPool:
    """Hands errands over, and hears of them. What has been handed over counts as begun: nobody says when it is."""

    def __init__(self, name: str, executor: Executor, desk: Desk) -> None:
        self._name = name
        self._executor = executor
        self._desk = desk
        # Of its own: handing over may take as long as it likes, and must hold up no other body.
        self._thread = BodyThreads(1, self._hand_over)
        self._futures: dict[Attempt, Future[Report]] = {}

    def submit(self, attempt: Attempt) -> None:
        """Hand the body of an attempt over."""
        self._thread.submit(attempt)

    def withdraw(self) -> list[Attempt]:
        """Take back what has not been handed over."""
        return self._thread.withdraw()

    def cancel(self, attempt: Attempt) -> None:
        """End an attempt whose flow is cancelled, if its body can be stopped; else that is asked to end."""
        if self._thread.withdraw_one(attempt):
            self._desk.cancelled(attempt)
        else:
            self.halt(attempt)

    def halt(self, attempt: Attempt) -> None:
        """Take back the errand of an attempt, if the executor lets it go."""
        future = self._futures.get(attempt)
        if future is not None:
            future.cancel()

    def stop(self) -> None:
        """Hand over no more; whoever made the executor shuts it down."""
        self._thread.stop()

    def _hand_over(self, attempt: Attempt) -> None:
        try:
            errand = self._desk.begin(attempt)
            if errand is not None:
                future = self._futures[attempt] = self._executor.submit(run_errand, errand)
                future.add_done_callback(partial(self._heard, attempt))
                if attempt.is_over():
                    future.cancel()
        except InputError as error:
            self._desk.fail(attempt, error)
        except Exception as error:  # noqa: BLE001 - an executor may raise anything
            self._futures.pop(attempt, None)
            self._desk.fail(attempt, self._refused(error))

    def _heard(self, attempt: Attempt, future: Future[Report]) -> None:
        self._futures.pop(attempt, None)
        try:
            report = future.result()
        except BrokenExecutor as error:
            self._desk.fail(attempt, self._refused(error))
        except BaseException as error:  # noqa: BLE001 - an executor may raise anything
            self._desk.fail(attempt, error)
        else:
            self._desk.hear(attempt, report.rows)
            self._desk.end(attempt, report.event)

    def _refused(self, cause: BaseException) -> PoolBroken:
        refusal = PoolBroken(
            f"the executor of pool {self._name!r} runs no more bodies ({type(cause).__name__}: {cause}); make a new "
            "one, and start the runtime again with it"
        )
        refusal.__cause__ = cause
        return refusal
