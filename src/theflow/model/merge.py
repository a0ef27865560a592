"""How a field of the storage that parallel tasks changed becomes one value. All of it works on JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple

_EMPTY = b"[]"
_NULL = (None, b"null")


class Merge(Enum):
    """How a storage field takes changes of parallel tasks: `notes: Annotated[list[str], Merge.APPEND]`.

    APPEND: what a task put behind the end of a list goes behind what is there now. UNION: what it put into a set, list
    or dictionary is put in, what it took out is taken out. ADD: by how much it raised or lowered a number. MAX and MIN:
    the larger or smaller number. LAST: whoever ends last.
    """

    APPEND = "append"
    UNION = "union"
    ADD = "add"
    MAX = "max"
    MIN = "min"
    LAST = "last"


class Edit(NamedTuple):
    """What a task made of such a field: the JSON it began with and the JSON it left, None where there is no field."""

    rule: Merge
    before: bytes | None
    after: bytes | None

    def onto(self, now: bytes | None) -> bytes | None:
        """Return what becomes of the value that a parallel task has left; raise Clash if the two do not go together."""
        if now == self.before:
            return self.after
        return _MERGES[self.rule](now, self.before, self.after)


class Clash(Exception):
    """Two changes do not go together: the message goes on a sentence whose subject is the second task."""


def _append(now: bytes | None, before: bytes | None, after: bytes | None) -> bytes:
    kept = _listed(before)[:-1]
    left = _listed(after)
    added = left[len(kept) : -1]
    # Right behind what was there, an item ends: else `[1]` would begin `[12]`.
    if not left.startswith(kept) or (kept != b"[" and added[:1] not in (b"", b",")):
        raise Clash("did more to it than append")
    added = added.removeprefix(b",")
    there = _listed(now)
    if not added:
        return there
    return there[:-1] + (b"" if there == _EMPTY else b",") + added + b"]"


def _listed(data: bytes | None) -> bytes:
    return _EMPTY if data is None or data == b"null" else data


def _unite(now: bytes | None, before: bytes | None, after: bytes | None) -> bytes:
    values = [_value(data) for data in (now, before, after)]
    if any(isinstance(value, dict) for value in values):
        return _json(_unite_keys(*[{} if value is None else value for value in values]))
    there, old, new = ({_key(item): item for item in value or ()} for value in values)
    kept = [item for key, item in there.items() if key in new or key not in old]
    return _json([*kept, *(item for key, item in new.items() if key not in old and key not in there)])


def _unite_keys(there: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    united = dict(there)
    for key in dict.fromkeys((*old, *new)):
        mine = _item(new, key)
        if mine == _item(old, key):
            continue
        if _item(there, key) not in (_item(old, key), mine):
            raise Clash(f"gave its key {key!r} another value")
        if mine is None:
            united.pop(key, None)
        else:
            united[key] = new[key]
    return united


def _item(whole: Mapping[str, Any], key: str) -> str | None:
    return _key(whole[key]) if key in whole else None


def _key(item: Any) -> str:
    return json.dumps(item, sort_keys=True)


def _add(now: bytes | None, before: bytes | None, after: bytes | None) -> bytes:
    if after in _NULL:
        raise Clash("left no number in it")
    total = (_value(now) or 0) + (_value(after) - (_value(before) or 0))
    if not math.isfinite(total) or (type(total) is int and not -(2**63) <= total < 2**63):
        raise Clash(f"added so much that {total} is more than can be kept")
    return _json(total)


def _larger(now: bytes | None, _: bytes | None, after: bytes | None) -> bytes | None:
    return _chosen(max, now, after)


def _smaller(now: bytes | None, _: bytes | None, after: bytes | None) -> bytes | None:
    return _chosen(min, now, after)


def _chosen(choose: Callable[..., bytes | None], now: bytes | None, after: bytes | None) -> bytes | None:
    if now in _NULL or after in _NULL:
        return after if now in _NULL else now
    return choose(now, after, key=_value)


def _last(_: bytes | None, __: bytes | None, after: bytes | None) -> bytes | None:
    return after


def _value(data: bytes | None) -> Any:
    return None if data is None else json.loads(data)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


_MERGES: dict[Merge, Callable[[bytes | None, bytes | None, bytes | None], bytes | None]] = {
    Merge.APPEND: _append,
    Merge.UNION: _unite,
    Merge.ADD: _add,
    Merge.MAX: _larger,
    Merge.MIN: _smaller,
    Merge.LAST: _last,
}
