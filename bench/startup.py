"""Workload: what a person waits for before anything happens."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.figure import Figure, alternating
from bench.setting import Setting

RUNS = 10
IMPORT = "import time; begun = time.perf_counter(); import theflow; print((time.perf_counter() - begun) * 1000)"
# Compiled bytecode must be found, and may be written.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def startup(setting: Setting) -> Iterator[Figure]:
    """The import, and `theflow --help` as a whole process."""
    runs = setting.size or setting.repeat * RUNS
    command = Path(sysconfig.get_path("scripts")) / "theflow"
    measures = (partial(_wall, sys.executable, "-c", "pass"), _import, partial(_wall, str(command), "--help"))
    for warm in measures:
        warm()
    nothing, imported, helped = alternating(runs, *measures)
    for name, values in (("import theflow", imported), ("theflow --help", helped)):
        yield Figure(
            workload=f"startup: {name}",
            url="",
            unit="ms",
            values=values,
            reference="wall time of a process that does nothing",
            reference_values=nothing,
            more={"fastest": min(values), "slowest": max(values), "runs": runs},
        )


def _wall(*command: str) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    return (time.perf_counter() - begun) * 1000


def _import() -> float:
    told = subprocess.run([sys.executable, "-c", IMPORT], check=True, stdout=subprocess.PIPE, env=ENVIRONMENT)
    return float(told.stdout)
