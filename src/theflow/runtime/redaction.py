"""Masks what looks like a secret in text that is about to be stored: log messages, error messages, source lines."""

from __future__ import annotations

import re

# Everything here is possessive or starts only where a word starts: a body may log any text, and time must stay linear.
_SECRET = re.compile(r"(?i)pass(?:word|wd|phrase)?|secret|token|api[_-]?key|authorization|credential|private[_-]?key")
_KEY = re.compile(r"(?<![\w-])([\w-]++)[\"']?\s*+[:=]\s*+")
_VALUE = re.compile(r"(?i)(?:(?:bearer|basic)\s+)?(?:\"[^\"]*\"|'[^']*'|[^\s,;&)}\]]+)")
_URL = re.compile(r"(?<![a-z0-9+.-])([a-z0-9+.-]++://[^\s/:@]*+):[^\s/@]++@", re.IGNORECASE)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}")
_HINTS = ("pass", "secret", "token", "key", "authorization", "credential", "://", "bearer", "basic")


def redact(text: str) -> str:
    """Return the text with the values of passwords, tokens and the like replaced by ***."""
    lower = text.lower()
    if not any(hint in lower for hint in _HINTS):
        return text
    text = _URL.sub(r"\1:***@", text)
    return _BEARER.sub(r"\1 ***", _without_values(text))


def storable(text: str) -> str:
    """Return the text as every database keeps it: NUL and lone surrogates are written out."""
    if "\0" in text:
        text = text.replace("\0", "\\x00")
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def cut(text: str, limit: int) -> str:
    """Return the text shortened to the limit, saying how much is gone."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… ({len(text) - limit} more characters)"


def _without_values(text: str) -> str:
    """Mask what stands behind the name of a secret and a colon or an equals sign."""
    parts = []
    at = 0
    while (key := _KEY.search(text, at)) is not None:
        parts.append(text[at : key.end()])
        at = key.end()
        value = _VALUE.match(text, at) if _SECRET.search(key[1]) else None
        if value is not None:
            parts.append("***")
            at = value.end()
    return "".join(parts) + text[at:]
