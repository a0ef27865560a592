"""What people ask of flows, logs and definitions."""

from __future__ import annotations

import pytest

from tests.database.builders import FAR, NOW, Worker, flow_row, log, new_id, partial, record, submit
from theflow.database.records import SchemeRecord
from theflow.model.flow_data import FlowDataPartial
from theflow.model.job import JobMeta
from theflow.model.status import FlowStatus
from theflow.model.view import FlowFilter


def test_a_flow_that_never_was_is_not_found(store):
    assert (store.find_flow(new_id(), NOW), store.find_offset(99)) == (None, None)
    assert (store.attempts(99), store.logs(99, None, 0, 10)) == ([], [])


def test_an_offset_leads_to_its_flow(store):
    job = store.create_jobs([partial()])[0]
    assert store.find_offset(job.offset) == job.flow_id


def test_flows_are_listed_newest_first(store):
    offsets = submit(store, partial(), partial("mail"), partial(user="bob"))
    assert listed(store) == offsets[::-1]


def test_a_list_is_read_on_below_an_offset(store):
    offsets = submit(store, *(partial() for _ in range(5)))
    page = store.find_flows(FlowFilter(), None, 2)
    assert [flow.offset for flow in page] == offsets[:2:-1]
    assert [flow.offset for flow in store.find_flows(FlowFilter(), page[-1].offset, 2)] == offsets[2:0:-1]


def test_a_listed_flow_reads_as_the_flow_itself(store):
    [offset] = submit(store, partial(labels={"k": "v"}, description="d", idempotency_key="i"))
    assert store.find_flows(FlowFilter(), None, 1) == [record(store, offset).summary]


def test_flows_are_filtered_by_class_and_user(store):
    _, mail, bob = submit(store, partial(), partial("mail"), partial(user="bob"))
    assert (listed(store, flow_class="mail"), listed(store, user="bob")) == ([mail], [bob])
    assert listed(store, flow_class="mail", user="bob") == []


def test_flows_are_filtered_by_status(store, worker):
    done, parked, running, pending = submit(store, *(partial(user=str(number)) for number in range(4)))
    worker.claim(done, parked, running)
    worker.finish(done)
    worker.commit(flows=[flow_row(parked, "parked")], parked=[parked])
    wanted = {"succeeded": [done], "parked": [parked], "running": [running], "pending": [pending], "failed": []}
    assert {status: listed(store, status=FlowStatus(status)) for status in wanted} == wanted


def test_flows_are_filtered_by_all_labels(store):
    both, one = submit(store, partial(labels={"a": "1", "b": "2"}), partial(labels={"a": "1"}))
    submit(store, partial(labels={"a": "2"}), partial())
    assert listed(store, labels={"a": "1"}) == [one, both]
    assert listed(store, labels={"a": "1", "b": "2"}) == [both]
    assert listed(store, labels={"b": "1"}) == []


def test_flows_are_filtered_by_the_time_of_their_creation(store):
    jobs = [JobMeta(flow_class="order") for _ in range(3)]
    flows = [
        FlowDataPartial.pending(job, flow_id=new_id(), data=b"{}", version=1, now=now) for now, job in enumerate(jobs)
    ]
    offsets = submit(store, *flows)
    assert listed(store, created_after=1) == offsets[:0:-1]
    assert listed(store, created_before=1) == offsets[:1]
    assert listed(store, created_after=1, created_before=2) == [offsets[1]]


def test_ids_are_found_by_their_beginning(store):
    one, other = (job.flow_id for job in store.create_jobs([partial(), partial()]))
    assert store.find_ids(one, 10) == [one]
    assert sorted(store.find_ids(one[:8], 10)) == sorted([one, other])
    assert len(store.find_ids("", 1)) == 1
    assert [flow.flow_id for flow in store.find_flows(FlowFilter(id_prefix=one), None, 10)] == [one]


@pytest.mark.parametrize("prefix", ["%", "_", "0%", "________", "*", "0000000?", "[0-9]", "\\"])
def test_a_prefix_has_no_wildcards(store, prefix):
    submit(store, partial())
    assert (store.find_ids(prefix, 10), listed(store, id_prefix=prefix)) == ([], [])


def test_a_place_counts_the_flows_that_go_first(store):
    later, first, second, last = submit(store, partial(run_at=FAR), partial(), partial(), partial())
    submit(store, partial(user="bob"), partial("mail"))
    place = record(store, last).place
    assert (place.offset, place.ahead, place.first_ahead, place.live) == (last, 2, first, ())
    assert store.find_flow(store.find_offset(last), FAR).place.first_ahead == later
    assert record(store, first).place.ahead == 0
    assert second > first


def test_a_place_names_the_flows_that_run_before_it(store, worker):
    offsets = submit(store, *(partial() for _ in range(3)), partial(user="bob"))
    worker.claim(offsets[1], offsets[0], offsets[3])
    place = record(store, offsets[2]).place
    assert (place.ahead, place.first_ahead, place.live, place.owner) == (0, None, tuple(offsets[:2]), None)


def test_a_parked_flow_is_ahead_of_nobody(store, worker):
    parked, last = submit(store, partial(), partial())
    worker.claim(parked)
    worker.commit(flows=[flow_row(parked, "parked")], parked=[parked])
    assert (record(store, last).place.ahead, record(store, last).place.live) == (0, ())


def test_unfinished_counts_what_runs_or_is_due(store, worker):
    held, done, parked = submit(store, *(partial(user=str(number)) for number in range(3)))
    submit(store, partial(), partial("mail"), partial(run_at=FAR))
    worker.claim(held, done, parked)
    worker.finish(done)
    worker.commit(flows=[flow_row(parked, "parked")], parked=[parked])
    assert (store.unfinished("order", [1], NOW), store.unfinished("order", [1], FAR)) == (2, 3)
    assert (store.unfinished("mail", [1], NOW), store.unfinished("none", [1], NOW)) == (1, 0)


def test_unfinished_counts_what_some_version_could_run(store):
    submit(store, partial(version=1), partial(version=2), partial(version=None))
    counts = [store.unfinished("order", versions, NOW) for versions in ([], [1], [1, 2], [3])]
    assert counts == [1, 2, 3, 1]


def test_a_flow_that_has_started_is_unfinished_for_its_version_only(store, worker):
    worker.claim(*submit(store, partial(version=None)), version=1)
    assert (store.unfinished("order", [1], NOW), store.unfinished("order", [2], NOW)) == (1, 0)


def test_a_held_flow_is_unfinished_although_it_is_not_due(store, worker):
    worker.claim(*submit(store, partial(run_at=FAR)))
    assert store.unfinished("order", [1], NOW) == 1


def test_a_class_has_the_revision_that_a_look_shows(store, worker):
    worker.claim()
    assert store.class_record("order") == worker.look()[0]
    assert (store.class_record("none").flow_class, store.class_record("none").revision) == ("none", 0)


def test_logs_are_read_on_above_an_id(store, worker):
    first, other = submit(store, partial(), partial())
    worker.commit(logs=[log(first, "1"), log(other, "x"), log(first, "2", name="b", attempt=2, level="ERROR")])
    one, two = store.logs(first, None, 0, 10)
    assert (two.task, two.attempt, two.at, two.level, two.logger) == ("b", 2, NOW, "ERROR", "theflow.task")
    assert (store.logs(first, None, one.id, 10), store.logs(first, None, two.id, 10)) == ([two], [])
    assert (store.logs(first, "a", 0, 10), store.logs(first, None, 0, 1)) == ([one], [one])


def test_the_newest_definition_of_a_class_is_found_without_its_version(store):
    first, newest = (SchemeRecord(flow_class="order", version=each, definition=f"[{each}]") for each in (2, 10))
    store.register([newest, first, SchemeRecord(flow_class="mail", version=11, definition="[]")])
    assert store.scheme("order", None) == newest
    assert (store.scheme("order", 2), store.scheme("order", 3), store.scheme("none", None)) == (first, None, None)


def test_a_definition_is_replaced_by_a_newer_one_of_its_version(store, neighbour):
    for definition in ("[1]", "[2]"):
        store.register([SchemeRecord(flow_class="order", version=1, definition=definition)])
    assert neighbour.scheme("order", 1).definition == "[2]"


def test_registering_again_leaves_the_class_as_it_is(store, worker):
    worker.claim()
    before = worker.look()[0]
    Worker(store, "rival")
    assert worker.look()[0] == before
    assert before.pauses == ()


def listed(store, **wanted):
    """The offsets that a filter lets through, newest first."""
    return [flow.offset for flow in store.find_flows(FlowFilter(**wanted), None, 100)]
