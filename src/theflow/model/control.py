"""Whether, when and how often a task runs: its condition, join rule, map and repetition, checked with the scheme."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from theflow.errors import SchemeError
from theflow.model.binding import Place
from theflow.model.joining import ALL, RUN, SKIP, Join, check_reach, checked_join
from theflow.model.mapping import Map
from theflow.model.part import split_part
from theflow.model.question import Question
from theflow.model.repetition import Repeat
from theflow.model.storage_fields import field_names


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """What a task was told beyond its body. `items` asks for the list of a map, unless it is a result or a field."""

    join: Join = ALL
    if_skipped: str = SKIP
    when: Question | None = None
    map: Map | None = None
    items: Question | None = None
    list_of: str = ""
    list_in: str = ""
    repeat: Repeat | None = None
    until: Question | None = None

    @property
    def asks(self) -> bool:
        """Whether there is something to find out, or to be told, before the task starts."""
        return self.when is not None or self.divides

    @property
    def divides(self) -> bool:
        """Whether the task is done in parts: children of a map, or rounds."""
        return self.map is not None or self.repeat is not None

    @property
    def results(self) -> tuple[str, ...]:
        """The tasks that it must come after, because it looks at their results before it starts."""
        asked = (question.results for question in (self.when, self.items) if question is not None)
        return (*(name for names in asked for name in names), *([self.list_of] if self.list_of else ()))

    def bound(self, place: Place) -> Control:
        """Return it with its questions' parameters filled, and the list of its map found."""
        if self == PLAIN:
            return PLAIN
        mapped = self._with_list(place) if self.map is not None else self
        return replace(
            mapped,
            when=None if self.when is None else self.when.bound(place),
            items=None if mapped.items is None else mapped.items.bound(place),
            until=None if self.until is None else self.until.bound(replace(place, takes_own=True)),
        )

    def place_of_body(self, place: Place) -> Place:
        """Return where the body stands: the one of a mapped task takes an item, a round what the last one returned."""
        return replace(place, takes_item=self.map is not None, takes_own=self.repeat is not None)

    def check(self, place: str, name: str, after: tuple[str, ...], tasks: Iterable[str]) -> None:
        """Raise SchemeError for a task that could never start, or whose parts would be named like other tasks."""
        if self is PLAIN:
            return
        check_reach(place, self.join, len(after))
        if not self.divides:
            return
        for other in tasks:
            part = split_part(other)
            if part is not None and part[0] == name:
                raise SchemeError(f"{place}: its parts are named {name}[0], {name}[1] ...; rename task {other!r}")

    def _with_list(self, place: Place) -> Control:
        over: Any = self.map.over if self.map is not None else ""
        name = over if isinstance(over, str) else getattr(over, "name", None)
        if not isinstance(name, str):
            where = f"flow {place.scheme!r}, task {place.task!r}"
            return replace(self, items=Question.of("map", over, where))
        if name in place.tasks and name != place.task:
            return replace(self, list_of=name)
        known = field_names(place.scheme, place.storage)
        if isinstance(over, str) and (known is None or name in known):
            return replace(self, list_in=name)
        raise place.wrong(
            f"map is over {name!r}, which is neither another task nor a field of the storage; tasks are "
            f"{_listed(one for one in place.tasks if one != place.task)}, fields are {_listed(known or ())}"
        )


PLAIN = Control()


def checked_control(place: str, options: Mapping[str, Any]) -> Control:
    """Return what the options of a task say; raise SchemeError where they do not go together."""
    mapped, repeat, when = options.get("map"), options.get("repeat"), options.get("when")
    if mapped is not None and not isinstance(mapped, Map):
        mapped = Map(mapped)
    if repeat is not None and not isinstance(repeat, Repeat):
        raise SchemeError(f"{place}: repeat is {repeat!r}; give it theflow.Repeat(until=..., max=...)")
    if mapped is not None and repeat is not None:
        raise SchemeError(f"{place} has a map and a repeat; let it be a sub-flow that has one of them, or split it")
    skipped = options.get("if_skipped", SKIP)
    if skipped not in (SKIP, RUN):
        raise SchemeError(f"{place}: if_skipped is {skipped!r}; it must be 'skip' or 'run'")
    control = Control(
        join=checked_join(place, options.get("join", ALL)),
        if_skipped=skipped,
        when=None if when is None else Question.of("when", when, place),
        map=mapped,
        repeat=repeat,
        until=None if repeat is None else Question.of("until", repeat.until, place),
    )
    return PLAIN if control == PLAIN else control


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in sorted(names)[:20]) or "none"
