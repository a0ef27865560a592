"""A tuple that is cheap to change: `set` copies one chunk and the row of chunks, not all the items."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")

_BITS = 6
_WIDTH = 1 << _BITS
_MASK = _WIDTH - 1


class Vector(Generic[Item]):
    """An immutable sequence; `set` returns a new one in time that grows with the square root of the length.

    Items are counted from 0 up: unlike a tuple it takes no index below 0.
    """

    __slots__ = ("_chunks", "_length")

    def __init__(self, items: Iterable[Item] = ()) -> None:
        whole = tuple(items)
        self._length = len(whole)
        self._chunks = tuple(whole[start : start + _WIDTH] for start in range(0, len(whole), _WIDTH))

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> Item:
        return self._chunks[index >> _BITS][index & _MASK]

    def __iter__(self) -> Iterator[Item]:
        for chunk in self._chunks:
            yield from chunk

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vector) and self._chunks == other._chunks

    def __hash__(self) -> int:
        return hash(self._chunks)

    def __repr__(self) -> str:
        return f"Vector({list(self)!r})"

    def set(self, index: int, item: Item) -> Vector[Item]:
        """Return the same sequence with another item at `index`."""
        if not 0 <= index < self._length:
            raise IndexError(index)
        row, column = index >> _BITS, index & _MASK
        chunks = self._chunks
        chunk = chunks[row]
        changed: Vector[Item] = Vector.__new__(Vector)
        changed._length = self._length
        changed._chunks = (*chunks[:row], (*chunk[:column], item, *chunk[column + 1 :]), *chunks[row + 1 :])
        return changed

    def set_many(self, items: Iterable[tuple[int, Item]]) -> Vector[Item]:
        """Return the same sequence with other items at some places: each chunk is copied once."""
        if len(self._chunks) == 1:
            return self._small_set_many(items)
        changed: dict[int, list[Item]] = {}
        for index, item in items:
            if not 0 <= index < self._length:
                raise IndexError(f"no item {index} among {self._length}")
            row = index >> _BITS
            chunk = changed.get(row)
            if chunk is None:
                chunk = changed[row] = list(self._chunks[row])
            chunk[index & _MASK] = item
        chunks = list(self._chunks)
        for row, chunk in changed.items():
            chunks[row] = tuple(chunk)
        made: Vector[Item] = Vector.__new__(Vector)
        made._length = self._length
        made._chunks = tuple(chunks)
        return made

    def _small_set_many(self, items: Iterable[tuple[int, Item]]) -> Vector[Item]:
        only = list(self._chunks[0])
        for index, item in items:
            if index < 0:
                raise IndexError(f"no item {index} among {self._length}")
            only[index] = item
        made: Vector[Item] = Vector.__new__(Vector)
        made._length = self._length
        made._chunks = (tuple(only),)
        return made
