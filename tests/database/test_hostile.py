"""Whatever text a job may carry comes back as it went in, and asks for nothing but itself."""

from __future__ import annotations

import pytest

from tests.database.builders import NOW, Worker, attempt, flow_row, log, partial, record, submit, task
from theflow.model.job import PRIORITY_LIMIT
from theflow.model.view import FlowFilter

NAMES = [
    "'; DROP TABLE flow; --",
    "%s %(name)s :name ? $1 {0}",
    '"quoted" \\ back\\slash \\u0041 `tick`',
    "null",
    " led and trailed ",
    "\U0001d509\U0001f3f3\ufe0f Ω ñ",
    "ß",
    "\U0001f600" * 255,
]
TEXTS = [*NAMES, "", "two\nlines\r\n\ttab", "\x1b[31mred\x1b[0m", "<img src=x onerror=alert(1)>", "\u2028\ufffe\x7f"]
FOREIGN = ["\udcff", "a\0b", "\ud800\udc00", ""]


def short(text):
    """How a test of a text is listed."""
    return ascii(text)[:24]


@pytest.fixture(params=NAMES, ids=short)
def name(request):
    """A name that a job may carry."""
    return request.param


def test_names_of_user_class_and_key_come_back(store, name):
    seen = record(store, *submit(store, partial(name, name, idempotency_key=name))).summary
    assert (seen.flow_class, seen.user, seen.idempotency_key) == (name, name, name)


def test_names_select_only_themselves(store, name):
    other = f"x{name[1:]}"
    [offset] = submit(store, partial(name, name, labels={name: name}))
    submit(store, partial(other, other, labels={name: "x", "x": name}))
    for wanted in ({"user": name}, {"flow_class": name}, {"labels": {name: name}}):
        assert [flow.offset for flow in store.find_flows(FlowFilter(**wanted), None, 9)] == [offset]


def test_a_queue_may_have_any_name(store, worker, name):
    mine, other = submit(store, partial("order", name), partial("order", f"x{name[1:]}"))
    assert worker.offered(concurrency=1) == [mine, other]
    worker.claim(mine)
    assert dict(worker.look(concurrency=2)[1].live) == {("order", name): (mine,)}
    assert store.unfinished(name, [1], NOW) == 0


def test_a_runtime_and_a_task_may_have_any_name(store, name):
    worker = Worker(store, name)
    [offset] = submit(store, partial())
    worker.claim(offset)
    worker.commit(tasks=[task(worker, offset, name=name)], attempts=[attempt(worker, offset, name=name)])
    assert record(store, offset).place.owner == name
    assert (record(store, offset).tasks[0].row.name, store.attempts(offset)[0].task) == (name, name)
    assert (record(store, offset).tasks[0].runtime, store.attempts(offset)[0].runtime) == (name, name)


@pytest.mark.parametrize("text", TEXTS, ids=short)
def test_texts_come_back(store, worker, text):
    [offset] = submit(store, partial(description=text, labels={"k": text[:255]}))
    worker.claim(offset)
    worker.commit(flows=[flow_row(offset, "failed", reason=text)], logs=[log(offset, text, name="n", logger=text)])
    seen = record(store, offset).summary
    assert (seen.description, seen.labels, seen.reason) == (text, {"k": text[:255]}, text)
    assert [(line.message, line.logger) for line in store.logs(offset, None, 0, 9)] == [(text, text)]


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b'{"":""}',
        b'{"a":-9223372036854775808,"b":9223372036854775807}',
        b'{"a":5e-324,"b":1.7976931348623157e308,"c":-0.0}',
        '{"ключ":"\\u0000 ist nur Text","\U0001f600":["\U0001f600"]}'.encode(),
        b'{"a":"' + b"x" * 1_000_000 + b'"}',
        b'{"a":' + b"[" * 90 + b"]" * 90 + b"}",
    ],
    ids=["empty", "nameless", "integers", "floats", "unicode", "large", "deep"],
)
def test_data_comes_back_byte_by_byte(store, worker, data):
    [offset] = submit(store, partial(data=data))
    worker.claim(offset)
    text = data.decode()
    worker.commit(tasks=[task(worker, offset, result=text)], flows=[flow_row(offset, "succeeded", storage=text)])
    seen = record(store, offset)
    assert (seen.input, seen.storage, seen.tasks[0].row.result) == (text, text, text)


def test_the_widest_numbers_come_back(store):
    last = 2**63 - 1
    lowest, highest = submit(
        store,
        partial(priority=-PRIORITY_LIMIT, run_at=0, version=2**31 - 1),
        partial(priority=PRIORITY_LIMIT, run_at=last),
    )
    seen = record(store, lowest).summary
    assert (seen.priority, seen.run_at, seen.version) == (-PRIORITY_LIMIT, 0, 2**31 - 1)
    assert (record(store, highest).summary.priority, record(store, highest).summary.run_at) == (PRIORITY_LIMIT, last)


@pytest.mark.parametrize("text", FOREIGN, ids=short)
def test_a_question_with_text_that_is_nowhere_finds_nothing(store, text):
    submit(store, partial(labels={"k": "v"}))
    assert (store.find_flow(text, NOW), store.scheme(text, None), store.unfinished(text, [1], NOW)) == (None, None, 0)
    for wanted in ({"user": text}, {"flow_class": text}, {"labels": {"k": text}}, {"labels": {text: "v"}}):
        assert store.find_flows(FlowFilter(**wanted), None, 9) == []


@pytest.mark.parametrize("text", FOREIGN[:-1], ids=short)
def test_a_prefix_that_no_id_has_finds_nothing(store, text):
    submit(store, partial())
    assert (store.find_ids(text, 9), store.find_flows(FlowFilter(id_prefix=text), None, 9)) == ([], [])


@pytest.mark.parametrize("offset", [0, -1, 2**63, -(2**70)])
def test_an_offset_that_no_job_can_have_finds_nothing(store, offset):
    submit(store, partial())
    assert store.find_offset(offset) is None
