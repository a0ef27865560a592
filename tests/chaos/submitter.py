"""The program of a client that submits all the time: `python -m tests.chaos.submitter '{"url": ..., "rate": 30}'`."""

from __future__ import annotations

import json
import random
import signal
import sys
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import theflow
from tests.chaos.flows import CHAIN, DIAMOND, USERS
from tests.chaos.parent import die_with_parent
from tests.chaos.recorder import Recorder
from theflow import Client, JobMeta
from theflow.errors import CommitUnknown, StoreError

_BATCH = 3


class Submitter:
    """Submits a batch a tick. What may have happened is submitted again only where a key makes that safe."""

    def __init__(self, client: Client, recorder: Recorder, seed: int) -> None:
        self._client = client
        self._recorder = recorder
        self._chance = random.Random(seed)  # noqa: S311 - a seed makes a run that can be repeated
        self._tickets = count(1)
        self._unsure: list[JobMeta] = []

    def submit(self) -> None:
        """Submit one batch, and write down what came of it."""
        jobs = self._unsure or list(self._fresh())
        tickets = [job.input["ticket"] for job in jobs]
        self._unsure = []
        self._recorder.write("submit", "invoke", tickets=tickets)
        try:
            handles = self._client.create_jobs(jobs)
        except CommitUnknown as error:
            self._recorder.write("submit", "unknown", tickets=tickets, error=str(error)[:300])
            self._unsure = [job for job in jobs if job.idempotency_key is not None]
        except StoreError as error:
            self._recorder.write("submit", "fail", tickets=tickets, error=str(error)[:300])
        else:
            self._recorder.write("submit", "ok", tickets=tickets, offsets=[handle.offset for handle in handles])

    def _fresh(self) -> Iterator[JobMeta]:
        keyed = self._chance.random() < 0.5
        for _ in range(_BATCH):
            flow_class = self._chance.choice((CHAIN, CHAIN, DIAMOND))
            user = f"user{self._chance.randrange(USERS if flow_class == CHAIN else USERS // 5)}"
            ticket = f"t{next(self._tickets)}"
            key = ticket if keyed else None
            yield JobMeta(flow_class=flow_class, user=user, input={"ticket": ticket}, idempotency_key=key)


def main() -> int:
    """Submit until SIGTERM."""
    die_with_parent()
    told = json.loads(sys.argv[1])
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    recorder = Recorder(Path(told["folder"]), told["actor"])
    with theflow.connect(told["url"]) as client:
        submitter = Submitter(client, recorder, told["seed"])
        while not ended.wait(_BATCH / told["rate"]):
            submitter.submit()
    return 0


if __name__ == "__main__":
    sys.exit(main())
