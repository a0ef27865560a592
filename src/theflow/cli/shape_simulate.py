"""`theflow shape simulate`: how long the flows of each user would have waited under other limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from theflow import wire
from theflow.cli.arrivals import read_arrivals, recorded
from theflow.cli.document import print_many
from theflow.cli.exits import Exit, Refusal
from theflow.cli.limit_file import read_limits
from theflow.cli.limits import whole_number
from theflow.cli.moments import duration
from theflow.cli.printable import line
from theflow.cli.screen import Screen
from theflow.cli.session import Command, Form, Session
from theflow.cli.submit import instant
from theflow.cli.target import schemes_of
from theflow.model.limit import Limit, Scope
from theflow.model.policy import ClassPolicy, Policies
from theflow.model.shape_simulation import Arrival, Run, Waits, simulate, waits_of
from theflow.picture.bars import Series, Spread, bars
from theflow.runtime.client import Client
from theflow.runtime.options import RuntimeOptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_POLICIES = 4
_MICRO = 1_000_000
PLACES = RuntimeOptions().flows
TITLES = ("POLICY", "USER", "FLOWS", "MEAN", "P50", "P95", "LONGEST", "NEVER")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of the arrivals under one policy."""

    label: str
    runs: Sequence[Run]

    @property
    def users(self) -> dict[str, Waits]:
        """How long the flows of each user waited."""
        return waits_of(self.runs)

    @property
    def lasted(self) -> int:
        """When the last flow had ended."""
        return max((run.ended_at for run in self.runs if run.ended_at is not None), default=0)


@click.command("simulate", cls=Command)
@click.option("--arrivals", metavar="FILE", type=click.Path(path_type=Path), help="at, user, class, duration; seconds.")
@click.option("--recorded", "from_record", is_flag=True, help="The flows of the database, as they came and lasted.")
@click.option("--since", type=instant, metavar="TIME", help="With --recorded: what came from then on (ISO 8601).")
@click.option("--class", "flow_class", metavar="CLASS", help="With --recorded: only flows of this class.")
@click.option(
    "--policy", "files", metavar="FILE", multiple=True, type=click.Path(path_type=Path), help="Limits (TOML)."
)
@click.option("--places", metavar="N", default=str(PLACES), show_default=True, help="Places of all runtimes together.")
@click.option("--target", metavar="TARGET", help="Take what the classes declare from there.")
@click.option("--svg", "svg_file", metavar="FILE", type=click.Path(path_type=Path), help="Draw a chart there.")
@click.pass_obj
def command(session: Session, /, **given: Any) -> None:
    """Let flows come once more in virtual time, and say how long those of each user wait for their start.

    The decisions are those of a runtime. Limits come from each --policy (several are compared), without one from the
    database with --recorded, and else there are none. Nothing is changed, and nothing runs.
    """
    places = whole_number("--places", given["places"])
    if (given["arrivals"] is None) == (not given["from_record"]):
        hint = "theflow shape simulate --arrivals FILE, or --recorded"
        raise Refusal("the arrivals come from a file or from the database; give one of both", Exit.USAGE, hint)
    if not given["from_record"] and (given["since"] or given["flow_class"]):
        raise Refusal("--since and --class are for --recorded", Exit.USAGE)
    if len(given["files"]) > MOST_POLICIES:
        raise Refusal(f"{len(given['files'])} policies are too many to compare; {MOST_POLICIES} at most", Exit.USAGE)
    limits: dict[str, Mapping[Scope, Limit]] = {
        _label(file, given["files"]): read_limits(file) for file in given["files"]
    }
    arrivals, classes, in_force = _taken(session, given)
    limits = limits or {"as set" if given["from_record"] else "no limits": in_force}
    outcomes = [
        Outcome(label=label, runs=simulate(arrivals, Policies(classes=classes, limits=each), places))
        for label, each in limits.items()
    ]
    if session.form is Form.TABLE:
        _tell(outcomes)
    else:
        print_many(session.form, "simulation", [_plain(outcome) for outcome in outcomes])
    if given["svg_file"] is not None:
        _draw(given["svg_file"], outcomes)


def _label(file: Path, files: Sequence[Path]) -> str:
    return file.stem if sum(other.stem == file.stem for other in files) == 1 else str(file)


def _taken(
    session: Session, given: Mapping[str, Any]
) -> tuple[list[Arrival], dict[str, ClassPolicy], Mapping[Scope, Limit]]:
    """Return the arrivals, how their classes are let in, and the limits in force."""
    declared: dict[str, ClassPolicy] = {}
    if given["target"] is not None:
        schemes = schemes_of(given["target"], "theflow shape simulate --target")
        labels = {label for scheme in schemes for label in scheme.shape.requires}
        declared = dict(Policies.of_schemes(schemes, labels).classes)
    if given["arrivals"] is not None:
        return read_arrivals(given["arrivals"]), declared, {}
    since: datetime | None = given["since"]
    with wire.connect(session.db) as client:
        arrivals, left = recorded(
            client, given["flow_class"], None if since is None else round(since.timestamp() * _MICRO)
        )
        known = {name: _known(client, name) for name in sorted({one.flow_class for one in arrivals} - declared.keys())}
        in_force = {each.scope: each.limit for each in client.limits()}
    if left:
        click.echo(f"{left} flow{'s' * (left != 1)} left out that did not start, or have not ended", err=True)
    if not arrivals:
        raise Refusal("there are no flows that have started and ended", Exit.USAGE, "--arrivals FILE")
    return arrivals, known | declared, in_force


def _known(client: Client, flow_class: str) -> ClassPolicy:
    definition = client.definition(flow_class)
    if definition is None:
        return ClassPolicy(flow_class=flow_class, versions=(1,))
    shape = definition.shape
    return ClassPolicy(
        flow_class=flow_class,
        versions=(definition.version,),
        concurrency=definition.concurrency,
        limit=shape.limit,
        queue_limit=shape.queue_limit,
        uses=tuple(sorted(shape.uses.items())),
        overtakes=shape.overtakes,
    )


def _tell(outcomes: Sequence[Outcome]) -> None:
    rows = []
    for outcome in outcomes:
        rows += [_row(outcome.label, line(user), waits) for user, waits in outcome.users.items()]
        rows.append(_row(outcome.label, "all users", Waits.of(outcome.runs)))
    never = any(row[-1] for row in rows)
    skipped = int(len(outcomes) == 1)
    titles = TITLES[skipped:] if never else TITLES[skipped:-1]
    shown = [row[skipped : skipped + len(titles)] for row in rows]
    Screen.here().table(titles, shown, elastic=titles.index("USER"))
    for outcome in outcomes:
        click.echo(f"{line(outcome.label)}: the last flow ends after {duration(outcome.lasted)}", err=True)


def _row(label: str, user: str, waits: Waits) -> tuple[str, ...]:
    times = (waits.mean, waits.p50, waits.p95, waits.longest)
    shown = [duration(each) if waits.started else "" for each in times]
    return (line(label), user, str(waits.started + waits.never), *shown, str(waits.never or ""))


def _plain(outcome: Outcome) -> dict[str, Any]:
    return {
        "policy": outcome.label,
        "ended_seconds": outcome.lasted / _MICRO,
        "users": [{"user": user} | _seconds(waits) for user, waits in outcome.users.items()],
        "all": _seconds(Waits.of(outcome.runs)),
    }


def _seconds(waits: Waits) -> dict[str, Any]:
    return {
        "flows": waits.started + waits.never,
        "never": waits.never,
        "mean_seconds": waits.mean / _MICRO,
        "p50_seconds": waits.p50 / _MICRO,
        "p95_seconds": waits.p95 / _MICRO,
        "longest_seconds": waits.longest / _MICRO,
    }


def _draw(file: Path, outcomes: Sequence[Outcome]) -> None:
    """Draw those first who wait longest under the first policy."""
    first = outcomes[0].users
    names = sorted(first, key=lambda user: (-first[user].mean, user))
    series = [
        Series(outcome.label, [_spread(waits[name]) for name in names])
        for outcome, waits in ((outcome, outcome.users) for outcome in outcomes)
    ]
    try:
        file.write_text(bars("How long flows wait for their start, by user", names, series), encoding="utf-8")
    except OSError as error:
        raise Refusal(f"{file} cannot be written: {error.strerror}", Exit.USAGE, "another FILE for --svg") from None
    click.echo(f"wrote {file}", err=True)


def _spread(waits: Waits) -> Spread | None:
    if not waits.started:
        return None
    return Spread(waits.mean / _MICRO, waits.p95 / _MICRO, waits.longest / _MICRO)
