"""The program of a runtime that faults are done to: `python -m tests.chaos.member '{"url": ..., "name": ...}'`."""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.chaos.flows import Witness, schemes
from tests.chaos.mutants import MUTANTS, patched
from tests.chaos.observed import Brink, ObservedStore
from tests.chaos.parent import die_with_parent
from tests.chaos.recorder import Recorder
from theflow import RuntimeOptions
from theflow.errors import RuntimeNameTaken, StoreUnavailable
from theflow.runtime.runtime import Runtime
from theflow.wire import open_store

_SAMPLE = 0.5
_AGAIN = 0.2


def begun(told: Mapping[str, Any], recorder: Recorder) -> Runtime:
    """A runtime that has its name; as whoever supervises such a program would, ask again while there is no database."""
    options = RuntimeOptions(name=told["name"], **told["options"])
    while True:
        brink = Brink(Path(told["folder"]) / f"{told['actor']}.brink")
        store: Any = ObservedStore(open_store(told["url"]), recorder, brink)
        try:
            return Runtime(store, schemes(Witness(recorder, store.owner)), options)
        except (StoreUnavailable, RuntimeNameTaken) as error:
            recorder.write("refused", error=str(error)[:300])
            time.sleep(_AGAIN)


def sample(recorder: Recorder) -> None:
    """Tell now and then what this process holds; threads for bodies are as many as were ever needed at once."""
    while True:
        threads = [thread.name for thread in threading.enumerate()]
        own = [name for name in threads if not name.startswith("theflow-body")]
        handles = len(list(Path("/proc/self/fd").iterdir()))
        recorder.write("sample", threads=len(own), handles=handles, bodies=len(threads) - len(own))
        time.sleep(_SAMPLE)


def main() -> int:
    """Run as told by one JSON argument."""
    die_with_parent()
    told = json.loads(sys.argv[1])
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    recorder = Recorder(Path(told["folder"]), told["actor"])
    with patched(MUTANTS.get(told["mutant"], ())):
        runtime = begun(told, recorder)
        threading.Thread(target=sample, args=(recorder,), name="sample", daemon=True).start()
        return runtime.run()


if __name__ == "__main__":
    sys.exit(main())
