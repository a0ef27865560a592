"""F29: a full disk stops writes and nothing else; when there is room again, everything goes on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.mounts import mounted
from tests.acceptance.stage import Stage, until
from theflow import FlowStatus
from theflow.errors import StoreUnavailable, WaitTimedOut


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Stage]:
    """A database on a small disk, with room for a few flows."""
    with mounted(tmp_path / "disk", "1m") as folder:
        stage = Stage(folder, tmp_path)
        yield stage
        stage.close()


def fill(folder: Path) -> Path:
    """Take all the room that is left."""
    ballast = folder / "ballast"
    handle = os.open(ballast, os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(handle, bytes(4096))
    except OSError:
        os.close(handle)
    return ballast


def refused(stage: Stage) -> str:
    """Submit until there is no more room; return what the refusal says."""
    with pytest.raises(StoreUnavailable) as full:  # noqa: PT012 - the last of many submits raises
        while True:
            stage.submit("nap", text="x" * 4000)
    return str(full.value)


def test_f29_a_submit_on_a_full_disk_is_refused_in_one_clear_line(small):
    small.submit("nap")
    fill(small.path.parent)
    message = refused(small)
    assert "disk" in message
    assert "full" in message
    assert "\n" not in message


def test_f29_flows_can_be_read_while_the_disk_is_full(small):
    flow = small.submit("nap")
    fill(small.path.parent)
    refused(small)
    assert flow.get().status is FlowStatus.PENDING
    assert small.client.find_flows().items[-1].flow_id == flow.flow_id


def test_f29_a_runtime_waits_while_the_disk_is_full_and_goes_on_when_there_is_room(small):
    life = small.start(ttl=1).ready()
    flow = small.submit("nap", until=str(small.folder / "go"))
    small.started(flow)
    ballast = fill(small.path.parent)
    refused(small)
    (small.folder / "go").touch()
    until(lambda: "waiting for the database" in life.err)
    assert not life.ended
    ballast.unlink()
    assert flow.wait(10).status is FlowStatus.SUCCEEDED
    assert len(small.effects(flow)) == 1


def test_f29_a_runtime_that_waits_for_room_does_not_fill_the_log(small):
    life = small.start(ttl=60).ready()
    flow = small.submit("nap", until=str(small.folder / "go"))
    small.started(flow)
    fill(small.path.parent)
    refused(small)
    (small.folder / "go").touch()
    until(lambda: "waiting for the database" in life.err)
    before = life.err.count("\n")
    with pytest.raises(WaitTimedOut):
        flow.wait(2)
    assert life.err.count("\n") - before < 60


def test_f29_a_database_is_not_begun_on_a_full_disk(tmp_path):
    with mounted(tmp_path / "disk", "16k") as folder:
        fill(folder)
        stage = Stage(folder, tmp_path)
        with pytest.raises(Exception, match=r"disk|space|room") as full:
            stage.submit("nap")
        stage.close()
    assert type(full.value).__module__ == "theflow.errors"
