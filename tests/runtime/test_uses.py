"""A class that uses more of a resource than there is could never start: that is said at once, on either side."""

from __future__ import annotations

import pytest

from tests.runtime.works import until
from theflow import FlowScheme, FlowStatus, JobMeta, Limit, Rate
from theflow.errors import InputError, SchemeError


def trainer(units: int) -> FlowScheme:
    """A class of one task that uses so many GPUs."""
    scheme = FlowScheme("train", uses={"gpu": units})
    scheme.add(lambda: None, name="fit")
    return scheme


@pytest.mark.parametrize("limit", [Limit(capacity=3), Limit(capacity=9, rate=Rate(units=9, burst=3))])
def test_a_runtime_refuses_a_class_that_uses_more_than_there_is(works, limit):
    works.client.set_limit("resource", "gpu", limit=limit)
    with pytest.raises(SchemeError, match=r"flow 'train' uses 4 of resource 'gpu', and with a \w+ of 3 could never"):
        works.start(trainer(4))


def test_a_limit_that_a_served_class_could_never_fit_is_refused(works):
    works.start(trainer(4))
    with pytest.raises(InputError, match=r"a flow of class 'train' uses 4 of it.*give it at least 4"):
        works.client.set_limit("resource", "gpu", limit=Limit(capacity=3))


def test_a_flow_waits_for_a_resource_until_somebody_says_how_much_there_is(works, caplog):
    flow = works.client.create_job(JobMeta(flow_class="train"))
    works.start(trainer(1))
    assert "nobody has said how much there is" in caplog.text
    until(lambda: any("nobody has said" in reason.text for reason in works.client.explain(flow.flow_id).reasons))
    works.client.set_limit("resource", "gpu", limit=Limit(capacity=1))
    assert flow.wait(10).status is FlowStatus.SUCCEEDED
