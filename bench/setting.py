"""What the command line asks for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DATA = Path("data/wfinstances")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How to measure. What is None is the workload's own choice; `url` None is a fresh file for every repetition."""

    url: str | None = None
    repeat: int = 5
    size: int | None = None
    in_flight: int | None = None
    data: Path = DATA
