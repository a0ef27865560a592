"""`KEY=VALUE` on the command line."""

from __future__ import annotations

import click


def pair(text: str) -> tuple[str, str]:
    """Part a text at its first equals sign."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise click.BadParameter(f"{text!r} is not written KEY=VALUE")
    return key, value
