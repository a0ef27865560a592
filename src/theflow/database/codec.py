"""User data <-> JSON, with one strictness for all databases. The only module that knows msgspec.

Refused, with the path of the bad value: NaN and infinities, NUL and lone surrogates in text, integers beyond 64 bits,
keys that are not text, values nested too deep, and anything over the size limit. Never pickle.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import cache
from itertools import starmap
from typing import Any, Literal, get_origin

import msgspec
import msgspec.inspect

from theflow.errors import DataRefused, SchemeError
from theflow.model.failure import Failure

SIZE_LIMIT = 1_048_576
DEPTH_LIMIT = 100
EMPTY: Mapping[str, bytes] = {}

_encoder = msgspec.json.Encoder()
_sorted = msgspec.json.Encoder(order="sorted")
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_items = msgspec.json.Decoder(list[msgspec.Raw])
_failure = msgspec.json.Decoder(Failure)
_CONSTANTS = {None: b"null", True: b"true", False: b"false"}


def encode(value: Any, what: str = "$") -> bytes:
    """Return the value as JSON; raise DataRefused with the path of what cannot be kept."""
    if value is None or value is True or value is False:
        return _CONSTANTS[value]
    plain = _plain(value, what)
    _check(plain, what, 0)
    data = _encoder.encode(plain)
    if len(data) > SIZE_LIMIT:
        raise DataRefused(what, f"{len(data)} bytes of JSON; at most {SIZE_LIMIT} are kept")
    return data


def decode(data: bytes | str, kind: Any = Any) -> Any:
    """Return the value of that type; raise DataRefused with the path where it does not fit."""
    try:
        if hasattr(kind, "model_validate_json"):
            return kind.model_validate_json(data)
        return _decoder(kind).decode(data)
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at ")
        raise DataRefused(path.strip("`") or "$", problem) from None
    except msgspec.DecodeError as error:
        raise DataRefused("$", f"not JSON: {error}") from None
    except RecursionError:
        raise DataRefused("$", f"nested deeper than {DEPTH_LIMIT}") from None
    except ValueError as error:
        # pydantic's own error is a ValueError that lists each field with its place.
        raise DataRefused(_pydantic_path(error), _pydantic_problem(error)) from None


def encode_input(value: Any, storage: Any) -> bytes:
    """Return a job's input as the JSON of its storage type, which may be given as such or as plain JSON values."""
    if value is None:
        return _empty_input(storage)
    data = encode(value)
    if not data.startswith(b"{"):
        raise DataRefused("$", f"a job's input is an object with named fields, got {type(value).__name__}")
    whole = decode(data, storage)
    if (get_origin(storage) or storage) is dict:
        return data
    again = encode(whole)
    if not isinstance(value, Mapping) and again != data:
        raise DataRefused(_difference(data, again), f"{type(value).__name__} does not come back as it was stored")
    return again


@cache
def _empty_input(storage: Any) -> bytes:
    whole = decode(b"{}", storage)
    return b"{}" if (get_origin(storage) or storage) is dict else encode(whole)


def encode_object(value: Any) -> bytes:
    """Return an input whose type is not known here as a JSON object."""
    data = b"{}" if value is None else encode(value)
    if not data.startswith(b"{"):
        raise DataRefused("$", f"a job's input is an object with named fields, got {type(value).__name__}")
    return data


def encode_definition(plain: Any) -> str:
    """Return the snapshot of a definition, which theflow itself wrote, as JSON of any size."""
    return _encoder.encode(plain).decode()


def encode_objects(columns: Sequence[str], batch: Iterable[Sequence[object]]) -> str:
    """Return rows, whose values are fit for a database already, as a JSON list of objects."""
    return _encoder.encode(list(starmap(_shape(tuple(columns)), batch))).decode()


@cache
def _shape(columns: tuple[str, ...]) -> type[msgspec.Struct]:
    # A fifth of the time that a dictionary takes; short-lived, and so no business of the garbage collector.
    return msgspec.defstruct("Row", [(column, object) for column in columns], gc=False)


def encode_lists(_: Sequence[str], batch: Iterable[Sequence[object]]) -> str:
    """Return rows, whose values are fit for a database already, as a JSON list of lists."""
    return _encoder.encode(batch).decode()


def split(data: bytes | str) -> Mapping[str, bytes]:
    """Return each field of a JSON object as JSON of its own."""
    if data in (b"{}", "{}"):
        return EMPTY
    try:
        return {name: bytes(raw) for name, raw in _fields.decode(data).items()}
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DataRefused("$", f"not a JSON object: {error}") from None


def encode_items(values: Iterable[Any], what: str) -> bytes:
    """Return a list as JSON in which each item is as large as a value may be."""
    return b"[" + b",".join([encode(value, f"{what}[{number}]") for number, value in enumerate(values)]) + b"]"


def split_list(data: bytes | str) -> tuple[bytes, ...]:
    """Return each item of a JSON list as JSON of its own."""
    try:
        return tuple([bytes(raw) for raw in _items.decode(data)])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DataRefused("$", f"not a JSON list: {error}") from None


def join(fields: Mapping[str, bytes]) -> bytes:
    """Return the JSON object of such fields."""
    if not fields:
        return b"{}"
    return b"{" + b",".join(_encoder.encode(name) + b":" + data for name, data in fields.items()) + b"}"


def changes(before: Mapping[str, bytes], value: Any) -> Mapping[str, bytes | None] | None:
    """Return the fields of the storage that differ from before, None for those that are gone; None if all are equal."""
    after = split(encode(value, "storage"))
    if after == before:
        return None
    found: dict[str, bytes | None] = {name: data for name, data in after.items() if before.get(name) != data}
    found.update(dict.fromkeys(name for name in before if name not in after))
    return found or None


def same(left: bytes | str, right: bytes | str) -> bool:
    """Whether two JSON texts say the same."""
    return left == right or _sorted.encode(decode(left)) == _sorted.encode(decode(right))


def encode_failure(failure: Failure) -> str:
    """Return the failure as JSON; its texts are clean already."""
    return _encoder.encode(failure).decode()


def decode_failure(data: str) -> Failure:
    """Return the failure, or one that says that the row is damaged."""
    try:
        return _failure.decode(data)
    except msgspec.MsgspecError as error:
        return Failure.plain("DamagedRow", f"the stored error cannot be read: {error}", "damaged_row")


def check_storage(name: str, storage: Any) -> None:
    """Raise SchemeError if values of the storage type cannot make the way to JSON and back."""
    if hasattr(storage, "model_validate_json"):
        return
    try:
        decoder = _decoder(storage)
    except (TypeError, NameError) as error:
        raise SchemeError(f"flow {name!r}: storage type {_named(storage)} cannot be stored: {error}") from None
    if getattr(getattr(storage, "__struct_config__", None), "array_like", False):
        raise SchemeError(f"flow {name!r}: storage type {_named(storage)} is array_like; it must encode to an object")
    del decoder


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def _plain(value: Any, what: str) -> Any:
    try:
        return msgspec.to_builtins(value, enc_hook=_model, order=_order_of(value.__class__))
    except RecursionError:
        raise DataRefused(what, f"it contains itself, or nests deeper than {DEPTH_LIMIT}") from None
    except (TypeError, ValueError, NotImplementedError, AttributeError) as error:
        raise DataRefused(_place_of_misfit(value, what), f"cannot be stored as JSON: {error}") from None


@cache
def _order_of(kind: Hashable) -> Literal["deterministic"] | None:
    """Say how to write values of a type: what holds sets comes out alike each time, whatever their order in memory."""
    try:
        return "deterministic" if "SetType(" in repr(msgspec.inspect.type_info(kind)) else None
    except (TypeError, NameError, AttributeError):
        return None


def _model(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    raise NotImplementedError(f"objects of type {type(value).__module__}.{type(value).__qualname__} are not supported")


def _check(value: Any, path: str, depth: int) -> None:
    kind = type(value)
    if kind is str:
        _check_text(value, path)
    elif kind is float:
        if not math.isfinite(value):
            raise DataRefused(path, f"{value} has no place in JSON")
    elif kind is int:
        if not -(2**63) <= value < 2**63:
            raise DataRefused(path, "the integer is beyond 64 bits; store it as text")
    elif kind is dict:
        _check_object(value, path, depth)
    elif kind is list or kind is tuple:
        _check_depth(path, depth)
        for number, item in enumerate(value):
            _check(item, f"{path}[{number}]", depth + 1)


def _check_object(value: dict[Any, Any], path: str, depth: int) -> None:
    _check_depth(path, depth)
    for name, item in value.items():
        if type(name) is not str:
            raise DataRefused(path, f"the key {name!r} is not text")
        _check_text(name, path)
        _check(item, f"{path}.{name}", depth + 1)


def _check_depth(path: str, depth: int) -> None:
    if depth >= DEPTH_LIMIT:
        raise DataRefused(path[:200], f"nested deeper than {DEPTH_LIMIT}")


def _check_text(text: str, path: str) -> None:
    if "\0" in text:
        raise DataRefused(path, "the text contains NUL, which databases do not keep")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise DataRefused(path, "the text contains a lone surrogate, which is no character")


def _place_of_misfit(value: Any, path: str) -> str:
    """Find the first part that cannot be converted on its own, so that the error can name its path."""
    if isinstance(value, Mapping):
        parts = [(f"{path}.{name}", part) for name, part in value.items()]
    elif isinstance(value, list | tuple):
        parts = [(f"{path}[{number}]", part) for number, part in enumerate(value)]
    else:
        names: Iterable[str] = getattr(value, "__dataclass_fields__", ()) or getattr(value, "__struct_fields__", ())
        parts = [(f"{path}.{name}", getattr(value, name, None)) for name in names]
    for place, part in parts:
        try:
            msgspec.to_builtins(part, enc_hook=_model)
        except (TypeError, ValueError, NotImplementedError, AttributeError, RecursionError):
            return _place_of_misfit(part, place)
    return path


def _difference(before: bytes, after: bytes) -> str:
    old, new = split(before), split(after)
    return next((f"$.{name}" for name in (*old, *new) if old.get(name) != new.get(name)), "$")


def _pydantic_path(error: ValueError) -> str:
    found: list[dict[str, Any]] = getattr(error, "errors", list)()
    place = found[0].get("loc", ()) if found else ()
    return "$" + "".join(f"[{part}]" if type(part) is int else f".{part}" for part in place)


def _pydantic_problem(error: ValueError) -> str:
    found: list[dict[str, Any]] = getattr(error, "errors", list)()
    return str(found[0].get("msg", "")) if found else str(error)


def _named(kind: Any) -> str:
    return str(getattr(kind, "__name__", kind))
