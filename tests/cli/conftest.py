"""A shell in a directory of its own, with a file of flows."""

from __future__ import annotations

import sys
from textwrap import dedent

import pytest

from tests.cli.shell import Shell

FLOWS = '''
    """Flows that do what the tests of the command line need."""

    import time
    from dataclasses import dataclass

    from theflow import Context, FlowScheme, Retry

    @dataclass
    class Order:
        id: str = ""
        amount: int = 0
        receipt: str = ""

    order = FlowScheme("order", storage=Order)

    @order.task
    def charge(order: Order, ctx: Context[Order]) -> str:
        ctx.log.info("charging %s", order.id)
        return f"paid {order.amount}"

    @order.task
    def ship(ctx: Context[Order], charge: str) -> None:
        ctx.storage.receipt = charge

    broken = FlowScheme("broken")

    @broken.task
    def parse():
        read({"amount": "x"})

    @broken.on_failure
    def tell_somebody():
        raise RuntimeError("nobody is there")

    def read(row):
        try:
            return int(row["amount"])
        except ValueError as error:
            problem = LookupError("row 88 is \\x1b[31mbad\\x1b[0m")
            problem.add_note("see [bold]the manual[/bold]")
            raise problem from error

    slow = FlowScheme("slow")

    @slow.task
    def work(ctx: Context[dict]):
        for step in range(int(ctx.storage.get("steps", 3))):
            ctx.log.warning("step %d", step)
            ctx.progress(step, message="\\x1bstep")
            time.sleep(0.2)
'''


@pytest.fixture
def theflow(tmp_path, monkeypatch):
    """Call the command line in an empty directory that holds flows.py."""
    monkeypatch.chdir(tmp_path)
    for name in ("THEFLOW_DATABASE_URL", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "flows.py").write_text(dedent(FLOWS).lstrip(), encoding="utf-8")
    yield Shell(tmp_path)
    forget(tmp_path)


def forget(folder):
    """Let the next test import files of the same names."""
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(str(folder)):
            del sys.modules[name]
