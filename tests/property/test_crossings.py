"""Every transition of the tables is crossed by some run, and no run crosses another: the docs are drawn from them."""

from __future__ import annotations

from hypothesis import given, settings

from tests.property.story import Story, TaskStory, pending, stories
from tests.property.watch import FLOW_CROSSINGS, TASK_CROSSINGS, Watch
from tests.property.world import World, row
from theflow.model.flow import Flow
from theflow.model.message import Park, Recovered, Started, TaskSucceeded
from theflow.model.status import FlowStatus

ALONE = Story(tasks=(TaskStory(name="a"),))


def test_every_transition_is_crossed_and_no_other():
    watch = Watch()
    explore(watch)
    park(watch)
    find_all_done(watch)
    assert watch.flow_crossings == FLOW_CROSSINGS
    assert watch.task_crossings == TASK_CROSSINGS


def explore(watch: Watch) -> None:
    """Live through many flows: always the same ones, so that the test cannot fail by chance."""

    @settings(max_examples=300, derandomize=True, database=None)
    @given(story=stories(most=12))
    def live(story: Story) -> None:
        World(story, watch).run()

    live()


def park(watch: Watch) -> None:
    """A person has to look at a flow before it started, and while it runs."""
    flow = Flow.from_data(pending(), ALONE.scheme())
    assert watch.decide(flow, Park("no code for it"), 0).flow.reason == "no code for it"
    watch.decide(watch.decide(flow, Started(), 0).flow, Park("it kills its runtime"), 0)


def find_all_done(watch: Watch) -> None:
    """A flow whose tasks have all ended, saved without its own end."""
    flow = watch.decide(Flow.from_data(pending(), ALONE.scheme()), Started(), 0).flow
    flow = watch.decide(flow, TaskSucceeded("a", 1, b"1", None, 0, 0), 0).flow
    data = pending(status=FlowStatus.RUNNING)._replace(tasks=(row(flow, 0),))
    assert watch.decide(Flow.from_data(data, flow.scheme), Recovered(), 0).flow.status is FlowStatus.SUCCEEDED
