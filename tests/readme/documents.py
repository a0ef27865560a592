"""Do what a document shows: save its Python files, type its commands, compare what comes out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE_NAME = re.compile(r"# (\w+\.py)\n")
ANY = "…"


@dataclass(frozen=True)
class Block:
    """One fenced block of a document."""

    language: str
    text: str
    place: str


@dataclass(frozen=True)
class Command:
    """A command of a console block, with the output that is shown below it."""

    line: str
    shown: str
    place: str


def blocks(document: Path) -> list[Block]:
    """All fenced blocks of a document, in order."""
    text = document.read_text(encoding="utf-8")
    return [
        Block(found[1], found[2], f"{document.name}:{text.count(chr(10), 0, found.start()) + 1}")
        for found in BLOCK.finditer(text)
    ]


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console block."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        line, _, shown = part.partition("\n")
        yield Command(line, shown.rstrip(), f"{block.place}, $ {line}")


def follow(document: Path, folder: Path) -> int:
    """Do everything that a document shows, in an empty folder; return how many blocks it has."""
    found = blocks(document)
    for block in found:
        if block.language == "python":
            save(block, folder)
        elif block.language == "console":
            for command in commands(block):
                run(command, folder)
        else:
            raise AssertionError(f"{block.place}: a block is python or console, so that it can be executed")
    typed = " ".join(command.line for block in found if block.language == "console" for command in commands(block))
    unused = [path.name for path in folder.glob("*.py") if path.name not in typed]
    assert not unused, f"{document.name} shows {unused}, but never runs it"
    return len(found)


def save(block: Block, folder: Path) -> None:
    """Save a Python block under the name in its first line."""
    name = FILE_NAME.match(block.text)
    assert name, f"{block.place}: the first line of a Python block names its file: # order.py"
    (folder / name[1]).write_text(block.text, encoding="utf-8")


def run(command: Command, folder: Path) -> None:
    """Type a command; what needs a network or a checkout is checked by name."""
    if command.line.startswith("make "):
        dry = ["make", "--dry-run", *command.line.split()[1:]]
        subprocess.run(dry, cwd=ROOT, capture_output=True, check=True)
    elif command.line.startswith("pip install "):
        assert command.line.split()[2] == distribution(), f"{command.place}: the distribution is {distribution()}"
    else:
        compare(command, typed(command.line, folder))


def typed(line: str, folder: Path) -> str:
    """Run a command as a reader would, with this interpreter's programs first and no settings of ours."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("THEFLOW_")}
    path = os.pathsep.join([str(Path(sys.executable).parent), ours.get("PATH", "")])
    done = subprocess.run(
        ["/bin/bash", "-c", line],
        cwd=folder,
        env=ours | {"PATH": path, "TERM": "dumb", "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"$ {line}\nexit code {done.returncode}\n{done.stdout}"
    return done.stdout


def compare(command: Command, came: str) -> None:
    """Compare with what is shown; `…` stands for anything in a line, and alone in a line for any lines."""
    came = "\n".join(line.rstrip() for line in came.splitlines()).rstrip()
    assert matches(command.shown, came), f"{command.place}\n--- shown\n{command.shown}\n--- came\n{came}"


def matches(shown: str, came: str) -> bool:
    """Whether an output is as shown."""
    lines = (r"(?:.*\n)*?" if line.strip() == ANY else as_pattern(line) + r"\n" for line in shown.splitlines())
    return re.fullmatch("".join(lines), came + "\n" if came else "") is not None


def as_pattern(line: str) -> str:
    """A line as a pattern: `…` stands for at least one character, and widths of columns may differ."""
    words = (r"\S.*?".join(map(re.escape, word.split(ANY))) for word in line.split())
    indent = re.match(r" *", line)[0]
    return indent + r" +".join(words)


def distribution() -> str:
    """The name under which the project is installed."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["name"]
