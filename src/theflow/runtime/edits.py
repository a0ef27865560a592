"""What an attempt changed of the storage, told so that the machine can merge it with what parallel tasks changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_origin, is_typeddict

from theflow.database import codec
from theflow.model.flow import Flow
from theflow.model.merge import Edit


def edited(flow: Flow, changes: Mapping[str, bytes | None]) -> Mapping[str, bytes | Edit | None]:
    """Return the changes of a body that began with the storage of this flow; a field that has a rule becomes an Edit.

    They are compared with what the body was given: an input may leave out defaults, or say the same in another way.
    """
    rules = flow.scheme.merges
    stored = flow.plan.storage
    whole = not _has_defaults(flow.scheme.storage) or changes.keys() <= stored.keys()
    if whole and rules.keys().isdisjoint(changes):
        return changes
    given = codec.decode(codec.join(stored), flow.scheme.storage)
    fields = codec.split(codec.encode(given, "storage"))
    before = {name: fields[name] if name in fields else _default(given, name) for name in changes}
    return {
        name: Edit(rules[name], before[name], after) if name in rules else after
        for name, after in changes.items()
        if after is None or after != before[name]
    }


def _default(given: object, name: str) -> bytes | None:
    # An object that was read from JSON may have its defaults in its class alone, and then they are not written.
    written = isinstance(given, dict) or not hasattr(given, name)
    return None if written else codec.encode(getattr(given, name), "storage")


def _has_defaults(storage: object) -> bool:
    kind = get_origin(storage) or storage
    return kind is not dict and not is_typeddict(kind)
