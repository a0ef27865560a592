"""A head of a queue is found whatever stands before and after it."""

from __future__ import annotations

from tests.database.builders import FAR, Worker, partial, submit


def test_jobs_of_other_classes_and_later_times_hide_no_head(store):
    for name in ("one", "two"):
        Worker(store, name).look("order")
    worker = Worker(store, "three")
    mixed = [partial(flow_class) for flow_class in ("mail", "mail", "order", "mail", "order", "mail")]
    mixed[2] = mixed[2]._replace(run_at=FAR)
    offsets = submit(store, *mixed)
    _, look = worker.look("order")
    assert [candidate.offset for candidate in look.candidates] == [offsets[4]]
