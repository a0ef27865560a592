"""Submission policies in the transaction of a caller: what they do to others is there if and only if he commits."""

from __future__ import annotations

import pytest

from tests.database.test_caller import house, mine, order
from theflow import FlowStatus, JobMeta
from theflow.errors import DataRefused, UniqueConflict

__all__ = ["house", "mine"]


def job(policy: str | None = None, **meta: object) -> JobMeta:
    """A job with a unique key."""
    return JobMeta(**{"flow_class": "order", "unique": "k", "on_conflict": policy, **meta})


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_a_flow_is_cancelled_for_another_once_the_caller_commits(house, mine, end):
    old = house.client.create_job(job())
    order(mine)
    new = house.client.create_job(job("cancel_running"), connection=mine)
    getattr(mine, end)()
    assert old.get().status is (FlowStatus.CANCELLED if end == "commit" else FlowStatus.PENDING)
    assert (house.jobs(), house.orders()) == ((2, 1) if end == "commit" else (1, 0))
    last = house.client.create_job(job())
    assert last.flow_id == (new.flow_id if end == "commit" else old.flow_id)


def test_a_refusal_leaves_the_transaction_of_the_caller_and_bad_jobs_stop_no_other(house, mine):
    old = house.client.create_job(job())
    order(mine)
    with pytest.raises(UniqueConflict):
        house.client.create_jobs([job(unique=None), job("reject")], connection=mine)
    wanted = [job(unique=None), job("reject"), job(unique=None, input={"n": float("nan")}), job("replace_pending")]
    results = house.client.try_create_jobs(wanted, connection=mine)
    mine.commit()
    assert [type(each) for each in results[1:3]] == [UniqueConflict, DataRefused]
    assert (results[3].outcome, results[3].flow_id, house.jobs(), house.orders()) == ("replaced", old.flow_id, 2, 1)
