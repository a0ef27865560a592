"""A process that submits under a unique key for each policy, over and over, and says what became of each job."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import theflow
from theflow.errors import StoreUnavailable, UniqueConflict
from theflow.runtime.client import Client


def main() -> None:
    """Wait for the sign to begin; then submit."""
    told = json.loads(sys.argv[1])
    with theflow.connect(told["url"]) as client:
        client.runtimes()
        say("ready")
        while not Path(told["go"]).exists():
            time.sleep(0.001)
        for number in range(told["count"]):
            for policy in told["policies"]:
                say(f"{policy} {submitted(client, policy, number)}")
    say("done")


def say(line: str) -> None:
    """Tell the test, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def submitted(client: Client, policy: str, number: int) -> str:
    """Submit one job; say what became of it."""
    job = theflow.JobMeta(flow_class=policy, user="ann", input={"n": number}, unique="k", on_conflict=policy)
    while True:
        try:
            handle = client.create_job(job)
        except UniqueConflict as error:
            return f"rejected {error.flow_id}"
        except StoreUnavailable as error:
            sys.stderr.write(f"again: {error}\n")
        else:
            return f"{handle.outcome} {handle.flow_id}"


if __name__ == "__main__":
    main()
