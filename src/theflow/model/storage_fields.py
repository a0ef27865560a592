"""The fields of a storage type, and which of them declare how parallel changes merge: found when a scheme is built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, MutableSequence, MutableSet, Sequence
from collections.abc import Set as AbstractSet
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    NamedTuple,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from theflow.errors import SchemeError
from theflow.model.merge import Merge

_LISTS = (list, tuple, Sequence, MutableSequence)
_SETS = (set, frozenset, AbstractSet, MutableSet, dict, Mapping, MutableMapping)
_NUMBERS = (int, float)
_TAKES: dict[Merge, tuple[tuple[Any, ...], str]] = {
    Merge.APPEND: (_LISTS, "a list"),
    Merge.UNION: ((*_SETS, *_LISTS), "a set, a list or a dict"),
    Merge.ADD: (_NUMBERS, "an int or a float"),
    Merge.MAX: (_NUMBERS, "an int or a float"),
    Merge.MIN: (_NUMBERS, "an int or a float"),
}


class _Field(NamedTuple):
    """A field as it is stored, its annotation, and what its model says of it besides."""

    name: str
    annotation: Any
    beside: tuple[Any, ...] = ()


def check_storage(name: str, storage: Any) -> None:
    """Raise SchemeError for a type that is not kept as an object with named fields."""
    kind = get_origin(storage) or storage
    marks = ("__dataclass_fields__", "__struct_fields__", "__attrs_attrs__", "model_fields")
    named = (
        kind is dict or is_typeddict(kind) or (isinstance(kind, type) and any(hasattr(kind, mark) for mark in marks))
    )
    if named and not getattr(getattr(kind, "__struct_config__", None), "array_like", False):
        return
    shown = getattr(storage, "__name__", repr(storage))
    raise SchemeError(
        f"flow {name!r}: storage type {shown} is not kept as an object with named fields; "
        "use a dataclass, msgspec Struct, pydantic model, attrs class, TypedDict or dict"
    )


def merges_of(flow: str, storage: Any) -> Mapping[str, Merge]:
    """Return the rule of each field that declares one, by the name under which the field is stored.

    Raises SchemeError for a rule that does not fit the type of its field.
    """
    kind = get_origin(storage) or storage
    if kind is dict:
        return {}
    found: dict[str, Merge] = {}
    for field in _fields(flow, kind):
        rules = {each for each in (*field.beside, *_notes(field.annotation)) if isinstance(each, Merge)}
        if rules:
            found[field.name] = _checked(flow, kind, field, rules)
    if found and getattr(getattr(kind, "__struct_config__", None), "omit_defaults", False):
        raise SchemeError(
            f"flow {flow!r}: storage type {kind.__name__} leaves out what is equal to its default (omit_defaults), so "
            f"nobody can tell what a task changed in {', '.join(found)}; take omit_defaults out, or the Merge"
        )
    return found


def field_names(flow: str, storage: Any) -> tuple[str, ...] | None:
    """Name the fields of a storage type as they are stored; None for a plain dict, which may have any."""
    kind = get_origin(storage) or storage
    return None if kind is dict else tuple(field.name for field in _fields(flow, kind))


def _fields(flow: str, kind: Any) -> Iterator[_Field]:
    models = getattr(kind, "model_fields", None)
    if isinstance(models, Mapping):
        # pydantic has resolved the annotations already, and put aside what stood beside the type.
        for name, model in models.items():
            yield _Field(name, getattr(model, "annotation", Any), tuple(getattr(model, "metadata", ())))
        return
    try:
        hints = get_type_hints(kind, include_extras=True)
    except (NameError, AttributeError, SyntaxError, TypeError) as error:
        raise SchemeError(
            f"flow {flow!r}: the annotations of storage type {kind.__name__} cannot be read ({error}); import or "
            "define what they name in its module"
        ) from error
    stored = dict(
        zip(getattr(kind, "__struct_fields__", ()), getattr(kind, "__struct_encode_fields__", ()), strict=True)
    )
    for name, annotation in hints.items():
        yield _Field(stored.get(name, name), annotation)


def _checked(flow: str, kind: Any, field: _Field, rules: set[Merge]) -> Merge:
    place = f"flow {flow!r}: field {field.name!r} of storage type {kind.__name__}"
    if len(rules) > 1:
        raise SchemeError(f"{place} has the rules {', '.join(sorted(map(str, rules)))}; keep one of them")
    (rule,) = rules
    if rule not in _TAKES:
        return rule
    kinds, wanted = _TAKES[rule]
    misfits = [each for each in _kinds(field.annotation) if not _fits(each, kinds)]
    if misfits:
        shown = getattr(misfits[0], "__name__", misfits[0])
        raise SchemeError(f"{place} is of type {shown}, and {rule} is for {wanted}; take another type, or another rule")
    return rule


def _fits(annotation: Any, kinds: tuple[Any, ...]) -> bool:
    kind = get_origin(annotation) or annotation
    parts = get_args(annotation)
    # A tuple of fixed length has no end to append to.
    return kind in kinds and (kind is not tuple or not parts or parts[-1] is Ellipsis)


def _kinds(annotation: Any) -> Iterator[Any]:
    """The types that a value may have, None apart."""
    for part in _parts(annotation):
        bare = getattr(part, "__supertype__", part)
        if bare is not part:
            yield from _kinds(bare)
        elif part is not NoneType:
            yield part


def _parts(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin in (Annotated, Required, NotRequired):
        yield from _parts(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for each in get_args(annotation):
            yield from _parts(each)
    else:
        yield annotation


def _notes(annotation: Any) -> Iterator[Any]:
    """What an annotation says besides the type."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from annotation.__metadata__
    if origin in (Annotated, Required, NotRequired):
        yield from _notes(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for each in get_args(annotation):
            yield from _notes(each)
