"""A pending flow, before and after the database knows it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from theflow.errors import InputError
from theflow.model.flow_data import FlowDataObject, FlowDataPartial
from theflow.model.job import JobMeta, JobMetaObject
from theflow.model.status import FlowStatus


def test_a_pending_flow_starts_when_its_job_says():
    meta = JobMeta(flow_class="order", run_at=datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    assert pending(meta).run_at == 1_000_000


def test_a_pending_flow_may_start_at_once_by_default():
    partial = pending(JobMeta(flow_class="order"))
    assert (partial.run_at, partial.version, partial.created_at) == (None, None, 5)


def test_a_job_whose_time_was_changed_behind_its_back_is_refused():
    meta = JobMeta(flow_class="order")
    object.__setattr__(meta, "run_at", datetime(2030, 1, 1))  # noqa: DTZ001 - the naive time is the claim
    with pytest.raises(InputError, match="run_at"):
        pending(meta)


def test_a_flow_as_the_database_knows_it_is_whole_unless_it_says_otherwise():
    job = JobMetaObject(offset=1, flow_id="f", created_at=5, meta=JobMeta(flow_class="order"))
    data = FlowDataObject(job=job, version=1, status=FlowStatus.PENDING, storage={})
    assert (data.tasks, data.damage, data.failure, data.reason) == ((), "", None, "")


def pending(meta: JobMeta) -> FlowDataPartial:
    """The pending flow of a job."""
    return FlowDataPartial.pending(meta, flow_id="f", data=b"{}", version=None, now=5)
