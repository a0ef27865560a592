"""A file whose newest pages the disk has lost, and places where a file cannot be kept: F28, F32."""

from __future__ import annotations

import re
import shutil
import sqlite3
import sys
from contextlib import closing
from random import Random

import pytest

from theflow.database import sqlite_doctor
from theflow.wire import connect, doctor

SUBMIT = """
import os, sys, theflow
client = theflow.connect(sys.argv[1])
for number in range(40):
    job = client.create_job(theflow.JobMeta(flow_class="line", input={"n": number, "text": "x" * 5000 * (number % 3)}))
    os.write(1, f"acked {job.flow_id}\\n".encode())
os.kill(os.getpid(), 9)
"""
# What a frame of the log is: 24 bytes of its own and a page.
HEAD, FRAME = 32, 24


def traced(place):
    """Submit in a process that is killed in the end, and watch what it writes, syncs and acknowledges, in order."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: apt-get install strace")
    log = place.folder / "trace"
    words = ["strace", "-f", "-y", "-s", "64", "-o", str(log), "-e", "trace=pwrite64,write,fdatasync,fsync"]
    place.run(["-c", f"import os, sys; os.execvp('strace', {[*words, sys.executable, '-c', SUBMIT, place.url]!r})"])
    return log


def synced_at_each_ack(log, wal):
    """How much of the log was certainly on disk when each submit was acknowledged."""
    written = synced = 0
    found = {}
    for line in log.read_text().splitlines():
        if (match := re.search(rf"pwrite64\(\d+<{re.escape(str(wal))}>, .*, (\d+), (\d+)\) = \d+", line)) is not None:
            written = max(written, int(match[1]) + int(match[2]))
        elif re.search(rf"f(data)?sync\(\d+<{re.escape(str(wal))}>\) += 0", line):
            synced = written
        elif (match := re.search(r"acked ([0-9a-f-]{36})", line)) is not None:
            found[match[1]] = synced
    return found


def recovered(place, size, name):
    """The flows that are found after a power loss that has left so much of the log."""
    copy = place.folder / name / "flows.db"
    copy.parent.mkdir()
    shutil.copy(place.path, copy)
    shutil.copy(wal_of(place.path), wal_of(copy))
    with wal_of(copy).open("r+b") as log:
        log.truncate(size)
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with closing(connect(f"sqlite:///{copy}")) as client:
        return [flow.flow_id for flow in client.find_flows(limit=100).items]


def wal_of(path):
    """The log beside a file."""
    return path.with_name(path.name + "-wal")


@pytest.fixture
def lost(place):
    """A database whose writer was killed, and what was on disk at each of its answers."""
    place.submit("line")
    log = traced(place)
    place.last.wait(60)
    found = synced_at_each_ack(log, wal_of(place.path))
    assert len(found) == 40
    assert 0 not in found.values()
    return found


def test_f28_everything_acknowledged_survives_the_loss_of_what_was_not_synced(place, lost):
    acked = list(lost)
    for number in (0, 1, 5, 13, 26, 39):
        there = recovered(place, lost[acked[number]], str(number))
        assert set(acked[: number + 1]) <= set(there)


def test_f28_a_log_that_is_cut_anywhere_leaves_the_file_whole_and_a_beginning_of_the_order(place, lost):
    order = [*lost]
    with closing(connect(place.url)) as client:
        order.insert(0, client.find_flows(limit=100).items[-1].flow_id)
    chance = Random(28)  # noqa: S311 - a seed makes a test that can be repeated
    size = wal_of(place.path).stat().st_size
    for number in range(8):
        there = recovered(place, chance.randrange(HEAD, size), f"cut-{number}")
        assert there[::-1] == order[: len(there)]


def test_f32_a_library_with_the_reset_defect_is_warned_of(place, monkeypatch):
    place.submit("line")
    for version, level in (((3, 40, 1), "warning"), ((3, 44, 6), "ok"), ((3, 51, 3), "ok")):
        monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
        monkeypatch.setattr(sqlite3, "sqlite_version", ".".join(map(str, version)))
        assert doctor(place.url)[0].level == level


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "9p", "cifs"])
def test_f32_a_network_file_system_is_no_place_for_a_file(place, monkeypatch, kind):
    place.submit("line")
    mounts = place.folder / "mounts"
    mounts.write_text(f"none / ext4 rw 0 0\nserver:/export {place.folder} {kind} rw 0 0\n")
    monkeypatch.setattr(sqlite_doctor, "_MOUNTS", mounts)
    found = [finding for finding in doctor(place.url) if finding.level == "error"]
    assert [f"on a network file system ({kind})" in finding.what for finding in found] == [True]
    assert "use a database server" in found[0].mend
