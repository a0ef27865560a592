"""Pattern 8, multi-merge: what comes after the merge runs once for each branch, as a sub-flow of it."""

from __future__ import annotations

from dataclasses import dataclass

from theflow import UNLIMITED, FlowScheme


@dataclass
class Part:
    """What a branch hands over to what comes after the merge."""

    text: str = ""


# All that comes after the merge.
publishing = FlowScheme("publishing", storage=Part, concurrency=UNLIMITED)


@publishing.task
def check(part: Part) -> None:
    """The first task after the merge."""
    part.text = part.text.capitalize()


@publishing.task(after=[check])
def publish(part: Part) -> None:
    """The last task after the merge."""
    part.text += "."


pattern = FlowScheme("pattern")


@pattern.task
def words() -> str:
    """One branch."""
    return "words"


@pattern.task
def pictures() -> str:
    """Another branch, which may end much later."""
    return "pictures"


@pattern.subflow(publishing)
def words_out(words: str) -> Part:
    """The merge, reached by the first branch: it waits for no other."""
    return Part(text=words)


@pattern.subflow(publishing)
def pictures_out(pictures: str) -> Part:
    """The merge, reached by the second branch."""
    return Part(text=pictures)


@pattern.task
def done(words_out: Part, pictures_out: Part) -> list[str]:
    """After both have passed, for this example only."""
    return [words_out.text, pictures_out.text]


GIVEN = {}
EXPECTED = {"done": ["Words.", "Pictures."]}
SKIPPED = ()
ALSO = (publishing,)
