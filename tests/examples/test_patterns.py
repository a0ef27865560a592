"""Every pattern that the docs call direct, or a combination, runs as its example says."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import theflow
from examples import patterns
from theflow import JobMeta, TaskStatus

NAMES = [module.name for module in pkgutil.iter_modules(patterns.__path__)]
PAGE = Path(__file__).parents[2] / "docs" / "patterns.md"


@pytest.mark.parametrize("name", NAMES)
def test_a_pattern_runs_as_its_example_says(tmp_path, name):
    example = importlib.import_module(f"examples.patterns.{name}")
    schemes = [example.pattern, *getattr(example, "ALSO", ())]
    with theflow.bootstrap(f"sqlite:///{tmp_path / 'flows.db'}", schemes) as runtime:
        flow = runtime.client.create_job(JobMeta(flow_class="pattern", input=example.GIVEN)).wait(20)
    assert flow.reason == ""
    assert {task: flow.task(task).result for task in example.EXPECTED} == example.EXPECTED
    skipped = {line.name for line in flow.tasks if line.status is TaskStatus.SKIPPED}
    assert skipped == set(example.SKIPPED)


def test_the_page_names_every_example_and_all_twenty_patterns():
    text = PAGE.read_text(encoding="utf-8")
    assert set(re.findall(r"examples/patterns/(\w+)\.py", text)) == set(NAMES)
    assert [int(number) for number in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)] == [*range(1, 21)]
