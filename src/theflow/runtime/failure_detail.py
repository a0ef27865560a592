"""What an exception says, as a value that can be stored: types, messages, notes, causes and frames; never locals."""

from __future__ import annotations

import sysconfig
from dataclasses import replace
from pathlib import Path
from traceback import FrameSummary, TracebackException

from theflow.model.failure import Failure, Frame, is_code
from theflow.runtime.redaction import cut, redact, storable

MESSAGE_LIMIT = 8_192
LINE_LIMIT = 500
FRAMES_LIMIT = 60
CAUSES_LIMIT = 10
NOTES_LIMIT = 20

_OWN = str(Path(__file__).resolve().parents[1])
_LIBRARIES = tuple(
    {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")} | {"<frozen", "<string>"}
)


def failure_of(error: BaseException) -> Failure:
    """Describe an exception; nothing that its methods do can make this raise."""
    try:
        detail = TracebackException(type(error), error, error.__traceback__, capture_locals=False, compact=True)
        return replace(_described(detail, "", CAUSES_LIMIT), code=_code_of(error))
    except BaseException as fault:  # noqa: BLE001 - a hostile exception must not take its flow down with it
        return Failure.plain(
            _name_of(type(error)), f"(the exception cannot be shown: {type(fault).__name__} while reading it)"
        )


def _code_of(error: BaseException) -> str:
    """Return the short word by which programs know the exception; empty where its `code` is none, or something else."""
    if not issubclass(type(error), Exception):
        # What ends a process has a code of another kind.
        return ""
    try:
        code = getattr(error, "code", "")
    except BaseException:  # noqa: BLE001 - it may be the user's own code
        return ""
    return _clean(code, LINE_LIMIT) if is_code(code) else ""


def _described(detail: TracebackException, link: str, left: int) -> Failure:
    frames = [_frame(frame) for frame in detail.stack if not frame.filename.startswith(_OWN)]
    cut_short = len(frames) > FRAMES_LIMIT
    if cut_short:
        frames = [*frames[: FRAMES_LIMIT // 3], *frames[-(FRAMES_LIMIT - FRAMES_LIMIT // 3) :]]
    message = _clean(_message(detail), MESSAGE_LIMIT)
    notes = [_clean(str(note), MESSAGE_LIMIT) for note in (detail.__notes__ or ())[:NOTES_LIMIT]]
    return Failure(
        type=_clean(_type_name(detail), LINE_LIMIT),
        message=message,
        notes=tuple(notes),
        frames=tuple(frames),
        causes=tuple(_causes(detail, left - 1)) if left > 1 else (),
        link=link,
        truncated=cut_short or message.endswith("more characters)"),
    )


def _causes(detail: TracebackException, left: int) -> list[Failure]:
    found = []
    if detail.__cause__ is not None:
        found.append(_described(detail.__cause__, "cause", left))
    elif detail.__context__ is not None and not detail.__suppress_context__:
        found.append(_described(detail.__context__, "context", left))
    found.extend(_described(member, "member", left) for member in (detail.exceptions or ())[:left])
    return found


def _message(detail: TracebackException) -> str:
    lines = list(detail.format_exception_only())
    head = next((line for line in lines if not line.startswith(" ")), "").rstrip("\n")
    if detail.__notes__:
        # format_exception_only adds the notes; they are kept on their own.
        lines = lines[: -len("\n".join(map(str, detail.__notes__)).split("\n"))] or [head]
    text = "".join(lines).rstrip("\n")
    _, found, message = text.partition(": ")
    return message if found else ""


def _type_name(detail: TracebackException) -> str:
    kind = detail.exc_type
    return _name_of(kind) if kind is not None else "Exception"


def _name_of(kind: type) -> str:
    module = kind.__module__
    return kind.__qualname__ if module in ("builtins", "__main__") else f"{module}.{kind.__qualname__}"


def _frame(frame: FrameSummary) -> Frame:
    return Frame(
        file=_clean(frame.filename, LINE_LIMIT),
        line=frame.lineno or 0,
        function=_clean(frame.name, LINE_LIMIT),
        text=_clean(frame.line or "", LINE_LIMIT),
        user=_is_user(frame.filename),
    )


def _is_user(filename: str) -> bool:
    return not filename.startswith((*_LIBRARIES, _OWN)) and "site-packages" not in filename


def _clean(text: str, limit: int) -> str:
    return redact(storable(cut(text, limit)))
