"""Statements by name, from `queries/common/` and the folder of a dialect, with parameters in the driver's style."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)\b")
_VALUES = re.compile(r"\bVALUES\s*(\([^()]*\))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """SQL with positional marks, and the names of its parameters in the order of the marks.

    `inserts` says that it inserts one row of VALUES, and so could insert several. `columns` are the parameters of the
    common statement that this one replaces: what a row of a batch is made of.
    """

    text: str
    names: tuple[str, ...]
    inserts: bool = False
    columns: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str, mark: str) -> Statement:
        """Read SQL with `:name` parameters; comments are dropped."""
        bare = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
        return cls(
            text=_PARAMETER.sub(mark, bare).strip(),
            names=tuple(_PARAMETER.findall(bare)),
            inserts=_VALUES.search(bare) is not None,
        )

    def values(self, given: Mapping[str, object]) -> tuple[object, ...]:
        """Return the parameters in order."""
        return tuple(given[name] for name in self.names)

    def block(self, rows: int) -> str:
        """Return the text that inserts so many rows at once."""
        return _block(self.text, rows)

    def plus(self, other: Statement) -> Statement:
        """Return both statements as one text."""
        return Statement(text=f"{self.text}\n{other.text}", names=self.names + other.names)


@cache
def _block(text: str, rows: int) -> str:
    return _VALUES.sub(lambda found: "VALUES " + ", ".join([found[1]] * rows), text)


def load_statements(dialect: str, mark: str) -> dict[str, Statement]:
    """Read every statement that a dialect has; `mark` is how its driver writes a positional parameter."""
    found: dict[str, Statement] = {}
    for folder in ("common", dialect):
        for file in (files("theflow.database") / "queries" / folder).iterdir():
            name, dot, kind = file.name.partition(".")
            if dot and kind == "sql":
                statement = Statement.parse(file.read_text("utf-8"), mark)
                twin = found.get(name)
                found[name] = replace(statement, columns=twin.names) if twin else statement
    return found
