"""Stored text as it may be printed: no character of it steers the terminal or hides what stands there."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

# Formatting characters that scripts and emoji need to be read at all: zero-width joiner and non-joiner.
JOINERS = "\u200c\u200d"


def line(text: str) -> str:
    """Text in one line: line breaks, control characters, bidirectional controls and lone surrogates stand escaped."""
    if text.isprintable():
        return text
    return "".join(character if _harmless(character) else _escaped(character) for character in text)


def block(text: str) -> str:
    """Text of several lines: as `line`, but line feeds and tabs stay."""
    return "\n".join("\t".join(line(part) for part in row.split("\t")) for row in text.split("\n"))


def json_text(value: Any, *, indent: int | None = None) -> str:
    """A value as JSON that can be read on a terminal, and by any parser: it is escaped as JSON escapes."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=repr)
    if text.isprintable():
        return text
    return "".join(
        character if _harmless(character) or character == "\n" else _json_escaped(character) for character in text
    )


def _harmless(character: str) -> bool:
    return character.isprintable() or character in JOINERS or unicodedata.category(character) == "Zs"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _json_escaped(character: str) -> str:
    return json.dumps(character)[1:-1] if character > "\x7f" else f"\\u{ord(character):04x}"
