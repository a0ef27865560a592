"""What standard output looks like."""

from __future__ import annotations

import pytest

from theflow.cli.screen import Screen
from theflow.model.status import FlowStatus
from theflow.picture.canvas import width

FILE = Screen(columns=None, colour=False)
ROW = ("#1", "x" * 100, "id")


def test_a_file_gets_every_line_whole(capsys):
    FILE.table(("#", "ABOUT", "ID"), [ROW], elastic=1)
    assert capsys.readouterr().out == f"#   ABOUT{' ' * 97}ID\n#1  {'x' * 100}  id\n"


def test_a_terminal_gets_one_line_a_row(capsys):
    Screen(columns=40, colour=False).table(("#", "ABOUT", "ID"), [ROW, ("#2", "日本" * 30, "id")], elastic=1)
    lines = capsys.readouterr().out.splitlines()
    assert [width(each) for each in lines] == [40, 40, 40]
    assert lines[1].endswith("…  id")


def test_an_empty_table_has_no_titles(capsys):
    FILE.table(("#", "ABOUT", "ID"), [], elastic=1)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, False),
    ],
)
def test_colour_follows_the_environment(monkeypatch, environment, coloured):
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert Screen.here().colour is coloured


@pytest.mark.parametrize("status", FlowStatus)
def test_a_status_is_told_without_colour_too(status):
    assert FILE.status(status).endswith(f" {status}")


def test_no_two_statuses_look_alike():
    assert len({FILE.status(status)[0] for status in FlowStatus}) == len(FlowStatus)
