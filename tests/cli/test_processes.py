"""The command line as processes of their own: signals, pipes, terminals."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

HEAVY = {"sqlalchemy", "alembic", "rich", "msgspec", "asyncio", "sqlite3"}


def until(truth, seconds=20.0):
    """Wait for what another process does."""
    end = time.monotonic() + seconds
    while not truth():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def running(theflow, flow):
    """Whether a flow runs, as anybody can ask."""
    return theflow("show", flow, "-o", "json").json["flow"]["status"] == "running"


def begun(theflow, flow):
    """Whether its body has said something; that a flow runs is on record a moment before."""
    return "step 0" in theflow("logs", flow).out


def reads(process, theflow):
    """Whether a command has opened the database."""
    files = Path(f"/proc/{process.pid}/fd").iterdir()
    return any(theflow.folder in file.resolve().parents for file in files)


def on_terminal(theflow, *words, **environment):
    """What a command prints on a terminal of 100 columns."""
    leader, follower = pty.openpty()
    settings = {"TERM": "xterm", "COLUMNS": "100", "LINES": "30", **environment}
    command = [sys.executable, "-m", "theflow", *words]
    process = subprocess.Popen(
        command, cwd=theflow.folder, stdout=follower, stderr=subprocess.PIPE, env=os.environ | settings
    )
    os.close(follower)
    text = b""
    with suppress(OSError):
        while part := os.read(leader, 65536):
            text += part
    os.close(leader)
    process.communicate()
    return process.returncode, text.decode()


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["nonsense"]])
def test_the_help_imports_nothing_heavy(words):
    program = f"import sys; sys.argv = ['theflow', *{words}]; from theflow.cli import main"
    tell = f"{program}\ntry:\n    main()\nfinally:\n    print(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", tell], capture_output=True, text=True, check=False)
    assert "Usage: theflow" in answer.stdout + answer.stderr
    assert not HEAVY & {name.partition(".")[0] for name in answer.stdout.split()}


@pytest.mark.parametrize("words", [["--help"], ["ls"], ["show", "#1"], ["ls", "-o", "json"], ["version"]])
def test_a_closed_pipe_is_a_quiet_end(theflow, words):
    theflow.submit("order")
    reader, writer = os.pipe()
    os.close(reader)
    with theflow.start(*words, stdout=writer) as process:
        os.close(writer)
        assert process.communicate()[1] == ""
    assert process.returncode == 0


def test_a_full_disk_behind_standard_output_is_told_in_one_line(theflow):
    theflow.submit("order")
    with Path("/dev/full").open("w", encoding="utf-8") as full, theflow.start("ls", stdout=full) as process:
        assert process.communicate()[1] == "theflow: standard output cannot be written: No space left on device\n"
    assert process.returncode == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_lets_running_bodies_finish(theflow, number):
    flow = theflow.submit("slow", "steps=6")
    with theflow.start("run", "flows.py") as process:
        until(lambda: begun(theflow, flow))
        process.send_signal(number)
        process.communicate(timeout=20)
    assert process.returncode == 0
    assert theflow("show", flow, "-o", "json").json["flow"]["status"] == "succeeded"


def test_f07_the_second_signal_aborts_and_the_flow_runs_again_later(theflow):
    flow = theflow.submit("slow", "steps=50")
    with theflow.start("run", "flows.py") as process:
        until(lambda: begun(theflow, flow))
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(0.5)
        error = process.communicate(timeout=20)[1]
    assert process.returncode == 130
    assert "Traceback" not in error
    assert theflow("show", flow, "-o", "json").json["flow"]["status"] in ("pending", "running")


def test_a_killed_runtime_goes_on_where_it_stopped(theflow):
    flow = theflow.submit("slow", "steps=4")
    with theflow.start("run", "flows.py", "--name", "box") as process:
        until(lambda: begun(theflow, flow))
        process.kill()
    answer = theflow("run", "flows.py", "--name", "box", "--burst")
    assert answer.code == 0
    assert "slow succeeded" in answer.out
    assert "1 succeeded" in answer.err


def test_a_name_that_is_held_is_refused_with_its_holder(theflow):
    flow = theflow.submit("slow", "steps=50")
    with theflow.start("run", "flows.py", "--name", "box") as process:
        until(lambda: begun(theflow, flow))
        answer = theflow("run", "flows.py", "--name", "box")
        process.kill()
    assert answer.code == 2
    assert f"pid {process.pid}" in answer.err
    assert len(answer.err.splitlines()) <= 2


def test_waiting_and_following_can_be_interrupted_and_the_flow_goes_on(theflow):
    flow = theflow.submit("slow", "steps=50")
    for words in (("wait", flow), ("logs", flow, "-f")):
        with theflow.start(*words) as process:
            until(lambda process=process: reads(process, theflow))
            process.send_signal(signal.SIGINT)
            assert "Traceback" not in process.communicate(timeout=20)[1]
        assert process.returncode == 130


def test_logs_are_followed_while_the_task_runs(theflow):
    flow = theflow.submit("slow", "steps=8")
    with theflow.start("run", "flows.py", "--burst") as runtime, theflow.start("logs", flow, "-f") as reader:
        assert "step 0" in reader.stdout.readline()
        assert running(theflow, flow)
        assert [line.split()[-1] for line in reader.stdout] == [str(step) for step in range(1, 8)]
        runtime.communicate()
    assert reader.returncode == 0


def test_a_burst_prints_one_line_an_event(theflow):
    theflow.submit("order", "id=A-17")
    with theflow.start("run", "flows.py", "--burst") as process:
        out, error = process.communicate()
    assert process.returncode == 0
    assert [line.split("s  ", 1)[1] for line in out.splitlines() if "admitted" not in line] == [
        "▶ #1 order  charge started",
        "✓ #1 order  charge succeeded",
        "▶ #1 order  ship started",
        "✓ #1 order  ship succeeded",
        "✓ #1 order succeeded",
    ]
    assert "charging A-17" in error


def test_a_burst_prints_one_document_an_event_when_asked_for(theflow):
    theflow.submit("broken")
    with theflow.start("run", "flows.py", "--burst", "-o", "jsonl") as process:
        documents = [json.loads(line) for line in process.communicate()[0].splitlines()]
    assert process.returncode == 1
    assert {document["version"] for document in documents} == {1}
    assert documents[-1]["event"]["kind"] == "flow_failed"


def test_a_runtime_shows_its_flows_live_on_a_terminal(theflow):
    theflow.submit("slow", "steps=4")
    code, text = on_terminal(theflow, "run", "flows.py", "--burst")
    assert code == 0
    assert "▶ 1 in hand" in text
    assert "0/1  work" in text
    assert "✓ #1 slow succeeded" in text


@pytest.mark.parametrize(
    ("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colour_is_for_terminals_that_want_it(theflow, environment, coloured):
    theflow.submit("broken")
    theflow("run", "flows.py", "--burst")
    code, text = on_terminal(theflow, "ls", **environment)
    assert code == 0
    assert ("\x1b[31m✗ failed" in text) is coloured
    assert ("\x1b" in text) is coloured


def test_a_list_fits_the_terminal(theflow):
    theflow.submit("order", "--description", "x" * 300)
    lines = on_terminal(theflow, "ls", NO_COLOR="1")[1].splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[1].split()[-1] == theflow("ls", "-o", "json").json["flows"][0]["flow_id"]


def test_a_record_of_the_log_stays_one_line(theflow):
    (theflow.folder / "nasty.py").write_text(
        "import logging\nfrom theflow import FlowScheme\nnasty = FlowScheme('nasty')\n@nasty.task\ndef work():\n"
        "    logging.getLogger('mine').warning('a\\x1b[2J\\nERROR forged')\n",
        encoding="utf-8",
    )
    theflow.submit("nasty")
    with theflow.start("run", "nasty.py", "--burst") as process:
        error = process.communicate()[1]
    record = next(line for line in error.splitlines() if "forged" in line)
    assert record.endswith("mine  a\\x1b[2J\\nERROR forged")
    assert theflow("logs", "#1").out.count("\n") == 1
