"""The names of the parts that a task is divided into: `price[17]` is child 17 of the task `price`."""

from __future__ import annotations


def part_name(task: str, index: int) -> str:
    """Name a child of a mapped task, or a round of a repeated one."""
    return f"{task}[{index}]"


def split_part(name: str) -> tuple[str, int] | None:
    """Read the name of a part; None if it is not one."""
    task, mark, rest = name.rpartition("[")
    number = rest[:-1]
    if not mark or not rest.endswith("]") or not (number.isascii() and number.isdigit()):
        return None
    return task, int(number)
