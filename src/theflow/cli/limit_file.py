"""A file of limits (TOML): `[[limit]]` tables, read whole or refused."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from theflow.cli.exits import Exit, Refusal
from theflow.cli.limits import read_limit, unknown
from theflow.model.limit import Limit, Scope

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = '[[limit]] of="class" name="mesh" capacity=4, one key a line'


def read_limits(file: Path) -> dict[Scope, Limit]:
    """Read the limits of a file; one that is wrong refuses them all."""
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Refusal(f"{file} cannot be read: {error.strerror}", Exit.USAGE) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refusal(f"{file} is no TOML: {error}", Exit.USAGE, EXAMPLE) from None
    for key in tables:
        if key != "limit":
            raise Refusal(f"{file}: {unknown('table', key, ['limit'])}", Exit.USAGE, EXAMPLE)
    listed = tables.get("limit", [])
    if not isinstance(listed, list):
        raise Refusal(f"{file}: limit is one table; write [[limit]], in two brackets", Exit.USAGE, EXAMPLE)
    found: dict[Scope, Limit] = {}
    for number, table in enumerate(listed, 1):
        place = f"{file}, limit {number}"
        scope, limit = read_limit(place, table)
        if scope in found:
            raise Refusal(f"{place}: {scope.line()} was limited before; write each thing once", Exit.USAGE)
        found[scope] = limit
    return found
