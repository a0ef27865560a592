"""Pattern 15, in rounds: instances find more instances, of which the next round has one each, until there are none."""

from __future__ import annotations

from dataclasses import dataclass, field

from theflow import FlowScheme, Repeat

TREE = {"a": ["b", "c"], "b": ["d"], "c": [], "d": []}


@dataclass
class Round:
    """The pages that one round is to read, all that were read, and what is to be read next."""

    pages: list[str] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)


reading = FlowScheme("reading", storage=Round)


@reading.task(map="pages")
def links(item: str) -> list[str]:
    """One instance: it finds others, of which nobody knew before."""
    return TREE[item]


@reading.task
def collect(round_: Round, links: list[list[str]]) -> None:
    """Leave what was found to the next round."""
    round_.read += round_.pages
    round_.found = sorted({page for pages in links for page in pages} - {*round_.read})


pattern = FlowScheme("pattern")


@pattern.subflow(reading, repeat=Repeat(until=lambda crawl: not crawl["found"], max=100))
def crawl(crawl: Round | None) -> Round:
    """Begin with what the round before has found."""
    return Round(pages=crawl.found, read=crawl.read) if crawl else Round(pages=["a"])


@pattern.task
def total(crawl: Round) -> list[str]:
    """After the round that found nothing more."""
    return crawl.read


GIVEN = {}
EXPECTED = {"total": ["a", "b", "c", "d"]}
SKIPPED = ()
ALSO = (reading,)
