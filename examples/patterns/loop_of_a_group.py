"""Pattern 10, a cycle over several tasks: they are a sub-flow, repeated until a condition holds, with a bound."""

from __future__ import annotations

from dataclasses import dataclass

from theflow import FlowScheme, Repeat


@dataclass
class Draft:
    """What one round works on, and leaves to the next."""

    text: str = ""
    grade: int = 0


drafting = FlowScheme("drafting", storage=Draft)


@drafting.task
def write(draft: Draft) -> None:
    """The first task of the cycle."""
    draft.text += "better "


@drafting.task(after=[write])
def review(draft: Draft) -> None:
    """The last task of the cycle."""
    draft.grade = len(draft.text.split())


pattern = FlowScheme("pattern")


@pattern.subflow(drafting, repeat=Repeat(until=lambda accepted: accepted["grade"] >= 3, max=10))
def accepted(accepted: Draft | None) -> Draft:
    """Begin a round with what the one before it left; the first has none before it."""
    return accepted or Draft()


@pattern.task
def publish(accepted: Draft) -> str:
    """After the round that was good enough."""
    return accepted.text.strip()


GIVEN = {}
EXPECTED = {"publish": "better better better"}
SKIPPED = ()
ALSO = (drafting,)
