"""Many processes submit under one unique key, and some are killed: one flow is active, and each answer was true."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.stage import Life, Stage, until
from tests.database.ledger import DATABASES, opened
from theflow import FlowFilter, FlowStatus, JobMeta, OnConflict
from theflow.errors import InputError

PROCESSES = 16


class Crowded(Stage):
    """A database with a crowd of submitters around it."""

    def __init__(self, kind: str, folder: Path) -> None:
        url, opener = opened(kind, folder)
        with closing(opener()) as store:
            store.prepare()
        super().__init__(folder, folder, url)

    def crowd(self, policies: list[str], count: int, processes: int = PROCESSES) -> list[Life]:
        """Start processes that submit so often each, all at once."""
        told = {"url": self.url, "policies": policies, "count": count, "go": str(self.folder / "go")}
        lives = [self.run(["-m", "tests.acceptance.submitter", json.dumps(told)]) for _ in range(processes)]
        until(lambda: all("ready" in life.out for life in lives), 60)
        (self.folder / "go").touch()
        return lives

    def answers(self, lives: list[Life], policy: str) -> list[tuple[str, str]]:
        """What the submitters were told by a policy, each with a flow id."""
        lines = [line.split() for life in lives for line in life.out.splitlines()]
        return [(words[1], words[2]) for words in lines if len(words) == 3 and words[0] == policy]

    def by_status(self, policy: str) -> Counter[FlowStatus]:
        """How many flows stand where."""
        return Counter(flow.status for flow in self.client.find_flows(FlowFilter(flow_class=policy), limit=1000).items)


@pytest.fixture(params=DATABASES)
def crowded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Crowded]:
    """A crowd at each database."""
    with closing(Crowded(request.param, tmp_path)) as made:
        yield made


@pytest.mark.timeout(180)
def test_sixteen_processes_at_once_leave_one_active_flow_by_each_policy(crowded):
    lives = crowded.crowd(list(OnConflict), 3)
    assert [life.wait(90) for life in lives] == [0] * PROCESSES
    for policy in OnConflict:
        answers, stands = crowded.answers(lives, policy), crowded.by_status(policy)
        assert (len(answers), stands[FlowStatus.PENDING]) == (PROCESSES * 3, 1)
        created = [flow_id for word, flow_id in answers if word == "created"]
        assert len(set(created)) == len(created) == sum(stands.values())
        # Whatever a later one has replaced or cancelled, each answer names a flow that was made for it or before it.
        assert {flow_id for _, flow_id in answers} == set(created)
        assert len(created) == (PROCESSES * 3 if policy is OnConflict.CANCEL_RUNNING else 1)


@pytest.mark.timeout(180)
def test_submitters_that_are_killed_leave_what_they_were_told_and_block_nobody(crowded):
    policies = ["replace_pending", "cancel_running"]
    lives = crowded.crowd(policies, 100_000, 4)
    for number, life in enumerate(lives):
        until(lambda seen=life, least=5 + 7 * number: seen.out.count("\n") > least)
        life.send(signal.SIGKILL)
        life.wait()
    for policy in policies:
        told = {flow_id for _, flow_id in crowded.answers(lives, policy)}
        assert all(crowded.client.get_flow(flow_id).flow_class == policy for flow_id in told)
        assert crowded.by_status(policy)[FlowStatus.PENDING] == 1
        last = crowded.client.create_job(JobMeta(flow_class=policy, user="ann", unique="k"))
        assert (last.created, last.get().status) == (False, FlowStatus.PENDING)


def test_an_edit_and_a_start_at_the_same_moment_are_one_before_the_other(crowded):
    life = crowded.start("one", flows=64, poll=0.01).ready()
    flows = [crowded.submit("line", f"user-{number}") for number in range(40)]
    edited = []
    for number, flow in enumerate(flows):
        try:
            crowded.client.edit_job(flow.flow_id, description=f"edited {number}", priority=number)
            edited.append(flow.flow_id)
        except InputError as error:
            assert "edit_job" in str(error)  # noqa: PT017 - whether it comes too late is chance
    ends = [flow.wait(30) for flow in flows]
    assert {flow.status for flow in ends} == {FlowStatus.SUCCEEDED}
    assert {flow.flow_id for flow in ends if flow.description} == set(edited)
    assert not life.ended
