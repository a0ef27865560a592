"""What an experienced operator would look at in a SQLite database."""

from __future__ import annotations

import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from theflow.database import schema
from theflow.database.dialect import Session
from theflow.errors import StoreError
from theflow.model.view import Finding

# Concurrent checkpoint and commit can corrupt the log in these versions (fixed in 3.51.3, also in 3.44.6 and 3.50.7).
_RESET_BUG = ((3, 7, 0), (3, 51, 2))
_RESET_FIXED = ((3, 44, 6), (3, 50, 7))
_NETWORK = ("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "afs", "ceph")
_MOUNTS = Path("/proc/self/mounts")


class Examined(Protocol):
    """The database that is looked at."""

    @property
    def path(self) -> Path:
        """The file."""

    def schema_revision(self) -> str | None:
        """The revision of its schema."""

    def read(self) -> AbstractContextManager[Session]:
        """A view of it."""


def examine(database: Examined) -> list[Finding]:
    """Return what is right and what is wrong, in the order in which one would mend it."""
    path = database.path
    found = [_library(), _file_system(path)]
    try:
        revision = database.schema_revision()
        schema.check(revision, str(path))
        found.append(Finding(level="ok", what=f"schema {revision} at {path}"))
        found.append(_rights(path))
        with database.read() as session:
            row = session.one("quick_check", {})
    except StoreError as error:
        what, _, mend = str(error).partition("; ")
        return [*found, Finding(level="error", what=what, mend=mend)]
    if row is None or row[0] != "ok":
        found.append(Finding(level="error", what=f"the file is damaged: {row}", mend="restore it from a backup"))
    else:
        found.append(Finding(level="ok", what="the file is whole (quick_check)"))
    return found


def _library() -> Finding:
    version = sqlite3.sqlite_version_info
    shown = f"SQLite {sqlite3.sqlite_version}"
    mended = any(version[:2] == fixed[:2] and version >= fixed for fixed in _RESET_FIXED)
    if _RESET_BUG[0] <= version <= _RESET_BUG[1] and not mended:
        return Finding(
            level="warning",
            what=f"{shown} can damage a database when a checkpoint meets a commit of another connection",
            mend="theflow keeps the two apart for its own connections; let no other program write the file, "
            "or use SQLite 3.51.3 or newer",
        )
    return Finding(level="ok", what=shown)


def _file_system(path: Path) -> Finding:
    kind = _kind_of(path.absolute())
    if kind in _NETWORK:
        return Finding(
            level="error",
            what=f"{path} is on a network file system ({kind}), where its locks do not hold",
            mend="move it to a local disk, or use a database server",
        )
    return Finding(level="ok", what=f"file system {kind or 'unknown'}")


def _kind_of(path: Path) -> str:
    try:
        mounts = [line.split() for line in _MOUNTS.read_text().splitlines()]
    except OSError:
        return ""
    holding = [mount for mount in mounts if path.is_relative_to(mount[1].replace("\\040", " "))]
    return max(holding, key=lambda mount: len(mount[1]), default=["", "", ""])[2]


def _rights(path: Path) -> Finding:
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        return Finding(
            level="warning", what=f"{path} can be read by other users (mode {mode:03o})", mend=f"chmod 600 {path}"
        )
    return Finding(level="ok", what=f"only its owner can read {path}")
