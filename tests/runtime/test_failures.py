"""F35, F39: whatever an exception is made of, its task fails with a record that can be read."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from tests.runtime.works import one_task
from theflow import AttemptStatus, Context, FlowStatus
from theflow.runtime.redaction import redact


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no words")

    __repr__ = __str__


class Demanding(Exception):
    def __init__(self, one, *, two):
        super().__init__(f"{one} and {two}")


class Fatal(BaseException):
    def __str__(self):
        raise SystemExit(3)


class Masked(BaseException):
    @property
    def __class__(self):
        raise RuntimeError("who knows")


def chained(depth):
    error = ValueError("the first")
    for number in range(depth):
        following = ValueError(f"number {number}")
        following.__cause__ = error
        error = following
    return error


def with_notes(notes):
    error = ValueError("noted")
    error.__notes__ = notes
    return error


def grouped():
    inner = ExceptionGroup("inner", [ValueError("a"), TypeError("b")])
    return ExceptionGroup("outer", [inner, OSError(2, "gone")])


HOSTILE = {
    "no words": lambda: Mute("x"),
    "required arguments": lambda: Demanding(1, two=2),
    "exit while reading it": Fatal,
    "a class that cannot be asked for": Masked,
    "huge message": lambda: ValueError("x" * 10_000_000),
    "10,000 causes": lambda: chained(10_000),
    "notes that are no list": lambda: with_notes(7),
    "notes that cannot be read": lambda: with_notes([Mute("x")]),
    "notes that exit": lambda: with_notes([Fatal()]),
    "a group": grouped,
    "control characters": lambda: ValueError("\x1b[31mred\x1b[0m\r\n2026-01-01 ERROR forged <img onerror=x>"),
    "no message": ValueError,
    "stop iteration": lambda: StopIteration(3),
    "generator exit": GeneratorExit,
    "memory": MemoryError,
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_f35_a_hostile_exception_fails_its_task_and_nothing_else(works, make, kind):
    def fail() -> None:
        raise make()

    async def fail_later() -> None:
        raise make()

    ended = works.run(one_task(fail if kind == "sync" else fail_later))
    assert ended.status is FlowStatus.FAILED
    assert type(make()).__name__ in ended.task("only").error.type + ended.task("only").error.message
    (attempt,) = works.client.attempts(ended.flow_id)
    assert len(repr(attempt.error)) < 300_000
    assert works.run(one_task(fail)).status is FlowStatus.FAILED


def test_a_cancellation_that_a_body_raises_is_its_failure(works):
    async def give_up() -> None:
        raise asyncio.CancelledError("enough")

    assert works.run(one_task(give_up)).task("only").error.type == "asyncio.exceptions.CancelledError"


def test_the_chain_and_the_notes_of_an_exception_are_kept(works):
    def fail() -> None:
        try:
            int("x")
        except ValueError as error:
            problem = LookupError("row 88")
            problem.add_note("see the manual")
            raise problem from error

    error = works.run(one_task(fail)).task("only").error
    assert (error.type, error.message, error.notes) == ("LookupError", "row 88", ("see the manual",))
    assert [(cause.link, cause.type) for cause in error.causes] == [("cause", "ValueError")]


def test_the_members_of_a_group_are_kept(works):
    error = works.run(one_task(lambda: raise_(grouped()))).task("only").error
    assert [member.type for member in error.causes] == ["ExceptionGroup", "FileNotFoundError"]
    assert [member.message for member in error.causes[0].causes] == ["a", "b"]


def test_the_frames_of_the_program_are_told_from_those_of_libraries(works):
    def fail() -> None:
        json.loads("{")

    frames = works.run(one_task(fail)).task("only").error.frames
    assert [(frame.function, frame.user) for frame in frames] == [
        ("fail", True),
        ("loads", False),
        ("decode", False),
        ("raw_decode", False),
    ]
    assert frames[0].file == __file__
    assert frames[0].text == 'json.loads("{")'


def test_secrets_are_masked_in_errors_and_logs(works):
    def leak(ctx: Context[dict]) -> None:
        ctx.log.warning("connecting with password=%s", "hunter2")
        raise ValueError("postgres://bob:hunter2@db/x refused token: hunter2")

    ended = works.run(one_task(leak))
    everything = repr((ended, works.client.attempts(ended.flow_id), works.client.logs(ended.flow_id)))
    assert "hunter2" not in everything.replace('"hunter2"', "")
    assert "password=***" in everything


@pytest.mark.parametrize("word", ["token-", "token", "a.a.key ", "password =", "://", "'secret", "x=token:"])
def test_masking_takes_time_in_proportion_to_the_text(word):
    began = time.perf_counter()
    redact(word * (160_000 // len(word)))
    assert time.perf_counter() - began < 2


def test_every_failed_attempt_is_on_record_with_its_times_and_runtime(works):
    def fail() -> None:
        raise ValueError("no")

    works.start(scheme := one_task(fail), name="here")
    ended = works.run(scheme)
    (attempt,) = works.client.attempts(ended.flow_id)
    assert (attempt.task, attempt.number, attempt.status, attempt.runtime) == ("only", 1, AttemptStatus.FAILED, "here")
    assert ended.created_at <= ended.started_at <= attempt.started_at <= attempt.ended_at <= ended.ended_at


def raise_(error):
    raise error
