"""What every test shares: properties are judged by their claim, never by the speed of the machine."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import settings

from tests.database.servers import ABSENT

settings.register_profile("theflow", deadline=None)
settings.load_profile("theflow")


def pytest_configure() -> None:
    """Let Ctrl-C reach the processes that tests start, also where the tests themselves run in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what could not be tested: it is never passed over in silence."""
    for why in ABSENT.values():
        terminalreporter.write_line(f"NOT TESTED: {why}", red=True, bold=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail where everything has to be there."""
    if ABSENT and os.environ.get("CI") == "true" and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
