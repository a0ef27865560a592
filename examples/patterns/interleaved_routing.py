"""Pattern 17, interleaved parallel routing: never two at once, in the order in which they come to be ready."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import pairwise

from theflow import Context, FlowScheme


@dataclass
class Exam:
    """One of the activities; its queue is that of the patient, where one runs at a time."""

    patient: str = ""
    kind: str = ""
    began: int = 0
    ended: int = 0


exam = FlowScheme("exam", storage=Exam, concurrency=1)


@exam.task
def examine(exam: Exam) -> None:
    """Begin, and be done: another one of the same patient does neither meanwhile."""
    exam.began = time.monotonic_ns()
    time.sleep(0.01)
    exam.ended = time.monotonic_ns()


pattern = FlowScheme("pattern")


@pattern.task
def draw_blood() -> None:
    """One of the activities has something before it; who is ready first goes first."""


@pattern.subflow(exam, user=lambda given: given.patient)
def x_ray(ctx: Context[dict]) -> Exam:
    """An activity: the queue that it stands in is that of this flow."""
    return Exam(patient=ctx.flow_id, kind="x-ray")


@pattern.subflow(exam, user=lambda given: given.patient)
def heart(ctx: Context[dict]) -> Exam:
    """Another one."""
    return Exam(patient=ctx.flow_id, kind="heart")


@pattern.subflow(exam, user=lambda given: given.patient, after=[draw_blood])
def blood(ctx: Context[dict]) -> Exam:
    """A third one."""
    return Exam(patient=ctx.flow_id, kind="blood")


@pattern.task
def one_at_a_time(x_ray: Exam, heart: Exam, blood: Exam) -> bool:
    """See that each began after the one before it had ended."""
    line = sorted((x_ray, heart, blood), key=lambda exam: exam.began)
    return all(first.ended <= second.began for first, second in pairwise(line))


GIVEN = {}
EXPECTED = {"one_at_a_time": True}
SKIPPED = ()
ALSO = (exam,)
