"""What every test shares: properties are judged by their claim, never by the speed of the machine."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import settings

from tests.database.servers import ABSENT

settings.register_profile("theflow", deadline=None)
settings.load_profile("theflow")


def pytest_configure() -> None:
    """Let Ctrl-C reach the processes that tests start, also where the tests themselves run in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes a minute a test, so that the run does not end with one process waiting for another."""
    items.sort(key=lambda item: "chaos" not in item.path.parts)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what could not be tested: it is never passed over in silence."""
    for why in ABSENT.values():
        terminalreporter.write_line(f"NOT TESTED: {why}", red=True, bold=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Write hostile text so that it passes from a process of the run to the one that reports."""
    report = yield
    report.sections = [(name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections]
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Gather what a process of the run could not test."""
    ABSENT.update(getattr(node, "workeroutput", {}).get("absent", {}))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores: most tests wait for other processes, or for the disk."""
    return (os.cpu_count() or 1) + 1


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail where everything has to be there."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["absent"] = dict(ABSENT)
    elif ABSENT and os.environ.get("CI") == "true" and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
