"""The audit: every change of a row, written down by triggers in the database itself."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

TRIGGERS = Path(__file__).parent / "triggers"


class AuditRow(NamedTuple):
    """A change. Of a job: who owns it now. Of a task: its runtime and attempt. Of a runtime: its turn and epoch."""

    seq: int
    tbl: str
    op: str
    pk: int
    name: str = ""
    owner: int | None = None
    term: int | None = None
    old: str | None = None
    new: str | None = None
    value: str | None = None


def statements(kind: str) -> list[str]:
    """What makes the triggers on a kind of database; statements stand apart by an empty line."""
    text = (TRIGGERS / f"{kind}.sql").read_text()
    return [part.strip() for part in text.split("\n\n") if part.strip()]
