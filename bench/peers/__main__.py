"""python -m bench.peers [WORKLOAD ...] [--peers NAMES]: a line of JSON for each workload and peer."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from bench.peers.contest import UNITS, contest
from bench.peers.kit import Missing
from bench.peers.peer import PEERS, Peer
from bench.place import ROOM


def main(arguments: Sequence[str] | None = None) -> int:
    """Install, measure, print; 1 if a peer that was asked for could not be measured."""
    chosen = _parser().parse_args(arguments)
    room = (ROOM / "peers").resolve()
    room.mkdir(parents=True, exist_ok=True)
    (ROOM / ".gitignore").write_text("*\n")
    here: list[Peer] = []
    for name in chosen.peers:
        try:
            PEERS[name].install(room)
        except Missing as missing:
            print(f"{name}: NOT MEASURED: {missing}", file=sys.stderr)
        else:
            here.append(PEERS[name])
    for workload in chosen.workloads:
        able = [peer for peer in here if workload in peer.jobs]
        for peer in here:
            if peer not in able:
                print(f"{peer.name} does not do {workload}: it has no steps", file=sys.stderr)
        if able:
            for figure in contest(workload, able, room, chosen.repeat):
                print(figure.line(), flush=True)
    return int(len(here) < len(chosen.peers))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.peers",
        description="Measure theflow beside its peers, in turns, on one PostgreSQL server; print lines of JSON.",
    )
    parser.add_argument("--workloads", type=_names(UNITS), default=["chain", "drain"], help="chain,drain,submit")
    parser.add_argument("--peers", type=_names(PEERS), default=list(PEERS), help=",".join(PEERS))
    parser.add_argument("--repeat", type=int, default=5, help="how often all take turns (default: 5)")
    return parser


def _names(known: Sequence[str]) -> object:
    def names(text: str) -> list[str]:
        wanted = [name for name in text.replace(",", " ").split() if name]
        for name in wanted:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(known)}")
        return wanted

    return names


if __name__ == "__main__":
    sys.exit(main())
