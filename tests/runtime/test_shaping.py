"""What runs at once, and how often something starts, over all runtimes: limits declared, and set while it runs."""

from __future__ import annotations

import threading

import pytest

from tests.runtime.works import until
from theflow import UNLIMITED, Context, FlowScheme, FlowStatus, JobMeta, Limit, Rate
from theflow.errors import InputError

DONE = FlowStatus.SUCCEEDED
SLOW = Rate(units=3, per=3600)


class Gauge:
    """Counts bodies that run at once, and holds them until somebody lets them go."""

    def __init__(self, free: int = 0) -> None:
        self._lock = threading.Lock()
        self._gate = threading.Semaphore(free)
        self.running = self.most = self.begun = 0

    def __call__(self) -> None:
        with self._lock:
            self.running += 1
            self.begun += 1
            self.most = max(self.most, self.running)
        assert self._gate.acquire(timeout=20)
        with self._lock:
            self.running -= 1

    def let_go(self, count: int = 1000) -> None:
        """Let so many bodies end."""
        self._gate.release(count)


def told_users(tell, **shape):
    """A class whose body says whose flow it is."""

    def only(ctx: Context[dict]) -> None:
        tell(ctx.user)

    return flow_class(only, **shape)


def flow_class(gauge, name="single", *, concurrency=UNLIMITED, **shape):
    """A class of flows whose only body goes through the gauge."""
    scheme = FlowScheme(name, concurrency=concurrency, **shape)
    scheme.add(gauge, name="only")
    return scheme


def submit(works, scheme, count, **meta):
    """Submit alike jobs."""
    return [works.submit(scheme, **meta) for _ in range(count)]


def looked_again(works, probe):
    """Wait until a runtime has looked at every class once more: two flows of another one, one after the other."""
    for _ in range(2):
        assert works.submit(probe).wait(10).status is DONE


def codes(works, flow):
    """Why a flow waits, in the words for programs."""
    return [reason.code for reason in works.client.explain(flow.flow_id).reasons]


def run_all(gauge, flows, most):
    """Wait until so many run, then let all end; no more than that ever ran at once."""
    until(lambda: gauge.running == most)
    gauge.let_go()
    assert {flow.wait(20).status for flow in flows} == {DONE}
    assert gauge.most == most


def test_a_class_runs_as_many_flows_at_once_as_it_says_over_two_runtimes(works):
    gauge = Gauge()
    scheme = flow_class(gauge, limit=Limit(capacity=3))
    flows = submit(works, scheme, 20)
    works.start(scheme, name="one")
    works.start(scheme, name="two")
    run_all(gauge, flows, 3)


def test_a_user_runs_no_more_at_once_than_he_may_over_two_classes(works):
    gauge, others = Gauge(), Gauge(1000)
    schemes = [flow_class(gauge, "one"), flow_class(gauge, "two")]
    works.client.set_limit("user", user="ann", limit=Limit(capacity=2))
    flows = [each for scheme in schemes for each in submit(works, scheme, 8, user="ann")]
    works.start(*schemes, flow_class(others))
    assert works.submit(flow_class(others), user="bob").wait(10).status is DONE
    run_all(gauge, flows, 2)


def test_all_flows_together_are_no_more_than_all_may_be(works):
    gauge = Gauge()
    schemes = [flow_class(gauge, "one"), flow_class(gauge, "two", concurrency=1)]
    works.client.set_limit("all", limit=Limit(capacity=4))
    flows = [works.submit(scheme, user=f"u{n}") for scheme in schemes for n in range(8)]
    works.start(*schemes)
    run_all(gauge, flows, 4)


def test_units_of_a_resource_are_shared_by_classes_that_use_it(works):
    gauge = Gauge()
    schemes = [flow_class(gauge, "one", uses={"gpu": 2}), flow_class(gauge, "two", uses={"gpu": 2, "licence": 1})]
    works.client.set_limit("resource", "gpu", limit=Limit(capacity=5))
    works.client.set_limit("resource", "licence", limit=Limit(capacity=9))
    flows = [each for scheme in schemes for each in submit(works, scheme, 5)]
    works.start(*schemes)
    run_all(gauge, flows, 2)


def test_a_resource_of_which_nobody_said_how_much_there_is_lets_nothing_start_until_somebody_does(works):
    gauge, probe = Gauge(1000), flow_class(Gauge(1000), "probe")
    scheme = flow_class(gauge, uses={"gpu": 1})
    works.start(scheme, probe)
    (flow,) = submit(works, scheme, 1)
    looked_again(works, probe)
    assert codes(works, flow) == ["no_resource"]
    works.client.set_limit("resource", "gpu", limit=Limit(capacity=1))
    assert flow.wait(10).status is DONE


def test_no_more_start_than_the_burst_of_a_rate_and_the_others_are_told_when(works):
    gauge, probe = Gauge(1000), flow_class(Gauge(1000), "probe")
    scheme = flow_class(gauge, limit=Limit(rate=SLOW))
    flows = submit(works, scheme, 8)
    works.start(scheme, probe)
    until(lambda: gauge.begun == 3)
    looked_again(works, probe)
    assert gauge.begun == 3
    explained = works.client.explain(flows[3].flow_id)
    assert [reason.code for reason in explained.reasons] == ["rate"]
    assert 1100 < (explained.until - flows[0].wait(10).started_at) / 1e6 <= 1201
    assert "3 in 3600 s, at most 3 at once" in explained.reasons[0].text


def test_a_rate_of_each_queue_and_of_each_user_counts_for_itself(works):
    gauge, probe = Gauge(1000), flow_class(Gauge(1000), "probe")
    scheme = flow_class(gauge, queue_limit=Limit(rate=SLOW))
    works.client.set_limit("user", user="bob", limit=Limit(rate=Rate(units=1, per=3600)))
    flows = {user: submit(works, scheme, 6, user=user) for user in ("ann", "bob", "cid")}
    works.start(scheme, probe)
    until(lambda: gauge.begun == 7)
    looked_again(works, probe)
    ended = {user: sum(flow.get().status is DONE for flow in mine) for user, mine in flows.items()}
    assert ended == {"ann": 3, "bob": 1, "cid": 3}


def test_a_rate_that_is_raised_does_not_wait_for_the_debt_of_before(works):
    gauge = Gauge(1000)
    scheme = flow_class(gauge)
    works.client.set_limit("class", "single", limit=Limit(rate=Rate(units=1, per=86_400)))
    flows = submit(works, scheme, 12)
    works.start(scheme)
    until(lambda: gauge.begun == 1)
    works.client.set_limit("class", "single", limit=Limit(rate=Rate(units=1000, per=1, burst=2)))
    assert {flow.wait(10).status for flow in flows} == {DONE}


def test_a_limit_that_is_raised_lets_those_start_that_wait(works):
    gauge = Gauge()
    scheme = flow_class(gauge, limit=Limit(capacity=1))
    flows = submit(works, scheme, 9)
    works.start(scheme, poll=5.0)
    until(lambda: gauge.running == 1)
    assert works.client.set_limit("class", "single", limit=Limit(capacity=4)) == Limit()
    until(lambda: gauge.running == 4, 4)
    assert works.client.set_limit("class", "single", limit=Limit()) == Limit(capacity=4)
    gauge.let_go()
    assert {flow.wait(20).status for flow in flows} == {DONE}


def test_a_limit_that_is_lowered_holds_for_whatever_starts_from_then_on(works):
    gauge = Gauge()
    scheme = flow_class(gauge)
    works.client.set_limit("class", "single", limit=Limit(capacity=4))
    flows = submit(works, scheme, 12)
    for name in ("one", "two"):
        works.start(scheme, name=name)
    until(lambda: gauge.running == 4)
    works.client.set_limit("class", "single", limit=Limit(capacity=2))
    gauge.most = 0
    gauge.let_go()
    assert {flow.wait(20).status for flow in flows} == {DONE}
    assert gauge.most <= 2


def test_a_queue_of_one_user_may_be_wider_than_those_of_others(works):
    gauges = {"ann": Gauge(), "bob": Gauge()}
    scheme = told_users(lambda user: gauges[user](), concurrency=1)
    works.client.set_limit("queue", "single", "ann", limit=Limit(capacity=3))
    flows = [each for user in gauges for each in submit(works, scheme, 6, user=user)]
    works.start(scheme)
    until(lambda: (gauges["ann"].running, gauges["bob"].running) == (3, 1))
    for gauge in gauges.values():
        gauge.let_go()
    assert {flow.wait(20).status for flow in flows} == {DONE}
    assert (gauges["ann"].most, gauges["bob"].most) == (3, 1)


def test_a_class_that_requires_a_label_runs_where_that_is(works):
    gauge, probe = Gauge(1000), flow_class(Gauge(1000), "probe")
    scheme = flow_class(gauge, requires=["gpu", "fast"])
    works.start(scheme, probe, name="plain", labels=["fast"])
    (flow,) = submit(works, scheme, 1)
    looked_again(works, probe)
    assert codes(works, flow) == ["no_label"]
    assert works.client.explain(flow.flow_id).reasons[0].text.endswith("has labels 'fast', 'gpu'")
    works.start(scheme, name="other", labels=["fast", "gpu"])
    assert flow.wait(10).status is DONE


def test_a_runtime_holds_no_more_flows_of_a_class_than_it_says(works):
    gauge = Gauge()
    scheme = flow_class(gauge)
    flows = submit(works, scheme, 12)
    works.start(scheme, flows=50, flows_of={"single": 2})
    run_all(gauge, flows, 2)


def test_a_flow_takes_as_much_of_a_rate_as_its_class_counts_from_its_input(works):
    gauge, probe = Gauge(1000), flow_class(Gauge(1000), "probe")
    scheme = flow_class(gauge, limit=Limit(rate=Rate(units=10, per=3600)), units=lambda given: given["pages"])
    flows = [works.submit(scheme, {"pages": pages}) for pages in (4, 4, 4, 2)]
    works.start(scheme, probe)
    until(lambda: gauge.begun == 3)
    looked_again(works, probe)
    assert [flow.get().status is DONE for flow in flows] == [True, True, False, True]
    assert codes(works, flows[2]) == ["rate"]


@pytest.mark.parametrize(
    ("pages", "problem"), [(0, "expected an int from 1"), ("many", "got 'many'"), (None, "KeyError: 'pages'")]
)
def test_a_flow_whose_units_cannot_be_counted_is_parked_and_may_be_resumed(works, pages, problem):
    gauge = Gauge(1000)
    scheme = flow_class(gauge, limit=Limit(rate=SLOW), units=lambda given: given["pages"])
    flow = works.submit(scheme, {} if pages is None else {"pages": pages})
    works.start(scheme)
    until(lambda: flow.get().status is FlowStatus.PARKED)
    assert problem in flow.get().reason
    works.client.resume(flow.flow_id)
    assert flow.wait(10).status is DONE


def test_what_waits_says_why_with_numbers_and_ids(works):
    gauge = Gauge()
    scheme = flow_class(gauge, concurrency=1, limit=Limit(capacity=2))
    works.client.set_limit("user", user="ann", limit=Limit(capacity=1))
    works.start(scheme)
    first = works.submit(scheme, user="ann")
    until(lambda: gauge.running == 1)
    works.submit(scheme, user="bob")
    until(lambda: gauge.running == 2)
    _, last = submit(works, scheme, 2, user="ann")
    explained = works.client.explain(last.flow_id)
    assert [reason.text for reason in explained.reasons] == [
        f"queue of user 'ann' in class 'single' runs 1 of 1 at once: offset {first.offset}",
        f"1 earlier flow of its queue goes first, from offset {last.offset - 1}",
        "class 'single' runs 2 of 2 at once",
        "user 'ann' runs 1 of 1 at once",
    ]
    assert (explained.ahead, explained.until) == (1, None)
    gauge.let_go()
    assert last.wait(10).status is DONE
    assert works.client.explain(last.flow_id).reasons == ()


def test_a_limit_under_which_a_class_could_never_start_is_refused(works):
    scheme = flow_class(Gauge(), uses={"gpu": 4})
    works.start(scheme)
    for limit, what in ((Limit(capacity=3), "capacity"), (Limit(rate=Rate(units=3)), "burst")):
        with pytest.raises(InputError, match=f"'single' uses 4 of it, and with a {what} of 3 could never start"):
            works.client.set_limit("resource", "gpu", limit=limit)
    assert works.client.limits() == []
    works.client.set_limit("resource", "gpu", limit=Limit(capacity=4))


def test_who_comes_with_one_flow_does_not_wait_for_the_backlog_of_another(works):
    order = []
    scheme = told_users(order.append)
    works.client.create_jobs([JobMeta(flow_class="single", user="hog")] * 2000)
    runtime = works.make(scheme, flows=8)
    works.submit(scheme, user="ann")
    assert runtime.run_until_idle() == 0
    assert order.index("ann") <= 8
    assert len(order) == 2001


def test_a_user_of_three_times_the_weight_gets_three_times_as_much(works):
    order = []
    scheme = told_users(order.append)
    works.client.set_limit("user", user="bob", limit=Limit(weight=3))
    jobs = [JobMeta(flow_class="single", user=user) for user in ("ann", "bob") for _ in range(400)]
    works.client.create_jobs(jobs)
    works.make(scheme, flows=20).run_until_idle()
    first = order[:400]
    assert 290 <= first.count("bob") <= 310


def test_a_flow_that_was_let_in_goes_on_elsewhere_though_its_units_cannot_be_counted_any_more(works):
    gauge, asked = Gauge(), []

    def count(given):
        asked.append(given)
        return 1 if len(asked) == 1 else given["missing"]

    scheme = flow_class(gauge, units=count, limit=Limit(rate=SLOW))
    flow = works.submit(scheme)
    first = works.start(scheme, name="one")
    until(lambda: gauge.running == 1)
    threading.Thread(target=first.stop, args=(0.1,)).start()
    works.start(scheme, name="two")
    until(lambda: gauge.begun == 2)
    gauge.let_go()
    assert flow.wait(10).status is DONE
    assert len(asked) == 1
