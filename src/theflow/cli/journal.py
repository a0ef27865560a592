"""Log records on standard error: one line a record, and nothing in it that steers the terminal."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from theflow.cli.printable import block, line

if TYPE_CHECKING:
    from types import TracebackType

FORMAT = "%(asctime)s %(levelname)-7s %(name)s  %(message)s"
# What these say at INFO is for their authors.
WORDY = ("alembic", "sqlalchemy", "asyncio")


def keep_journal() -> None:
    """Send records from INFO on to standard error, unless the program has made its own arrangements."""
    if logging.root.handlers:
        return
    handler = _StandardError()
    handler.setFormatter(_Printable(FORMAT))
    logging.root.addHandler(handler)
    logging.root.setLevel(logging.INFO)
    for name in WORDY:
        logging.getLogger(name).setLevel(logging.WARNING)


class _StandardError(logging.Handler):
    """Writes to what standard error is at the moment: the live view takes it over, and gives it back."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except (OSError, ValueError):
            # Nobody reads it any more; the runtime goes on.
            return


class _Printable(logging.Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name that logging calls
        return line(super().formatMessage(record))

    def formatException(  # noqa: N802 - the name that logging calls
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        return block(super().formatException(ei))
