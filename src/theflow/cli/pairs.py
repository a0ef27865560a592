"""`KEY=VALUE` on the command line, and values that are JSON or text."""

from __future__ import annotations

import json
from typing import Any

import click


def pair(text: str) -> tuple[str, str]:
    """Part a text at its first equals sign."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise click.BadParameter(f"{text!r} is not written KEY=VALUE")
    return key, value


def json_or_text(text: str) -> Any:
    """Read a value as JSON where it is, else as text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
