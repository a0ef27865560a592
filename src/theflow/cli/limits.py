"""Limits as people write them, on the command line and in files; and as they are shown."""

from __future__ import annotations

import shlex
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from theflow.cli.exits import Exit, Refusal
from theflow.cli.moments import iso
from theflow.errors import InputError
from theflow.model.limit import Limit, LimitRecord, Scope, ScopeKind
from theflow.model.rate import Rate

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

PARTS = ("capacity", "rate", "weight")


def unknown(what: str, name: str, known: Collection[str]) -> str:
    """Say that there is no such thing, and which one was meant."""
    close = get_close_matches(name, known, n=1)
    meant = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"
    return f"there is no {what} {name!r}; {meant}"


def scope_of(kind: str, name: str, user: str) -> Scope:
    """Make a scope of what stands on the command line, where a user alone needs no name before."""
    if kind not in ScopeKind.__members__.values():
        raise Refusal(unknown("kind of limit", kind, [each.value for each in ScopeKind]), Exit.USAGE)
    if kind == ScopeKind.USER and name and not user:
        name, user = "", name
    return Scope.checked(kind, name, user)


def whole_number(what: str, text: str) -> int:
    """Read a whole number; what it may be is for whoever takes it."""
    try:
        return int(text)
    except ValueError:
        raise Refusal(f"{what}: expected a whole number, got {text!r}", Exit.USAGE) from None


def number(what: str, text: str) -> float:
    """Read a number."""
    try:
        return float(text)
    except ValueError:
        raise Refusal(f"{what}: expected a number, got {text!r}", Exit.USAGE) from None


def changed(was: Limit, given: dict[str, Any], removed: Iterable[str]) -> Limit:
    """Return a limit with what is given in place of what was, and without what is taken away."""
    kept = {part: None if part in removed else getattr(was, part) for part in PARTS}
    if given["capacity"] is not None:
        kept["capacity"] = whole_number("--capacity", given["capacity"])
    if given["weight"] is not None:
        kept["weight"] = number("--weight", given["weight"])
    if given["rate"] is not None or given["burst"] is not None:
        kept["rate"] = _rate(kept["rate"], given["rate"], given["burst"])
    return Limit(**kept)


def _rate(was: Rate | None, text: str | None, burst: str | None) -> Rate:
    least = None if burst is None else whole_number("--burst", burst)
    if least == 0:
        raise Refusal("--burst: expected a whole number from 1, got '0'", Exit.USAGE)
    if text is None:
        if was is None:
            raise Refusal("a burst is of a rate, and none is set or given", Exit.USAGE, "--rate 10/60 --burst 5")
        return Rate(units=was.units, per=was.per, burst=least or 0)
    units, slash, per = text.partition("/")
    if not slash:
        raise Refusal(f"--rate: expected UNITS/SECONDS, got {text!r}", Exit.USAGE, "--rate 10/60")
    # A burst that was as large as its rate is no decision of somebody's: it goes with the rate.
    kept = was.burst if was is not None and was.burst != was.units else 0
    return Rate(units=whole_number("--rate", units), per=number("--rate", per), burst=kept if least is None else least)


def plain_scope(scope: Scope) -> dict[str, str]:
    """A scope as JSON values."""
    return {"kind": scope.kind.value, "name": scope.name, "user": scope.user}


def plain_limit(limit: Limit) -> dict[str, Any]:
    """A limit as JSON values."""
    rate = limit.rate
    return {
        "capacity": limit.capacity,
        "rate": None if rate is None else {"units": rate.units, "per": rate.per, "burst": rate.burst},
        "weight": limit.weight,
    }


def plain_record(record: LimitRecord) -> dict[str, Any]:
    """A limit as somebody set it, as JSON values."""
    return {
        **plain_scope(record.scope),
        **plain_limit(record.limit),
        "of_version": record.version,
        "set_by": record.set_by,
        "set_at": iso(record.set_at),
        "reason": record.reason,
    }


def read_limit(place: str, table: Any) -> tuple[Scope, Limit]:
    """Read one table of a file; unknown keys and values that fit nothing are refused."""
    _only(place, table, ("of", "name", "user", *PARTS))
    for key in ("of", "name", "user"):
        if not isinstance(table.get(key, ""), str):
            raise Refusal(f"{place}: {key}: expected a name, got {table[key]!r}", Exit.USAGE)
    if "of" not in table:
        raise Refusal(f'{place} does not say what it limits; it needs of="class", or another kind', Exit.USAGE)
    rate = table.get("rate")
    if rate is not None:
        _only(f"{place}: rate", rate, ("units", "per", "burst"))
    try:
        scope = scope_of(table["of"], table.get("name", ""), table.get("user", ""))
        limit = Limit(
            capacity=table.get("capacity"),
            rate=None if rate is None else Rate(**{"units": None, **rate}),
            weight=table.get("weight"),
        )
    except (InputError, Refusal) as error:
        raise Refusal(f"{place}: {error}", Exit.USAGE) from None
    if limit.empty:
        what = f"{place}: it limits nothing; to take a limit away, say so"
        raise Refusal(what, Exit.USAGE, f"theflow shape set {shell_words(scope)} --none all")
    return scope, limit


def _only(place: str, table: Any, known: Collection[str]) -> None:
    if not isinstance(table, dict):
        raise Refusal(f"{place}: expected a table, got {table!r}", Exit.USAGE)
    for key in table:
        if key not in known:
            raise Refusal(f"{place}: {unknown('key', key, known)}", Exit.USAGE)
    if table.get("burst") == 0:
        raise Refusal(f"{place}: burst: expected a whole number from 1, got 0", Exit.USAGE)


def shell_words(scope: Scope) -> str:
    """Name a scope as the command line takes it."""
    return " ".join(shlex.quote(word) for word in (scope.kind.value, scope.name, scope.user) if word)
