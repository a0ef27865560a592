"""Statements by name, from `queries/common/` and the folder of a dialect, with parameters in the driver's style."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """SQL with positional marks, and the names of its parameters in the order of the marks."""

    text: str
    names: tuple[str, ...]

    @classmethod
    def parse(cls, text: str, mark: str) -> Statement:
        """Read SQL with `:name` parameters; comments are dropped."""
        bare = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
        return cls(text=_PARAMETER.sub(mark, bare).strip(), names=tuple(_PARAMETER.findall(bare)))

    def values(self, given: Mapping[str, object]) -> tuple[object, ...]:
        """Return the parameters in order."""
        return tuple(given[name] for name in self.names)

    def plus(self, other: Statement) -> Statement:
        """Return both statements as one text."""
        return Statement(text=f"{self.text}\n{other.text}", names=self.names + other.names)


def load_statements(dialect: str, mark: str) -> dict[str, Statement]:
    """Read every statement that a dialect has; `mark` is how its driver writes a positional parameter."""
    found: dict[str, Statement] = {}
    for folder in ("common", dialect):
        for file in (files("theflow.database") / "queries" / folder).iterdir():
            name, dot, kind = file.name.partition(".")
            if dot and kind == "sql":
                found[name] = Statement.parse(file.read_text("utf-8"), mark)
    return found
