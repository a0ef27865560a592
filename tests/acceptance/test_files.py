"""What stands where the database should: every refusal is one line that says what, and what to do."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

import theflow
from tests.acceptance.flows import SCHEMES
from tests.acceptance.mounts import mounted
from theflow import FlowStatus, JobMeta
from theflow.errors import StoreUnusable


def refusal(ask):
    """The message of a refusal, which is one line: what, then what to do."""
    with pytest.raises(StoreUnusable) as refused:
        ask()
    message = str(refused.value)
    assert "\n" not in message
    assert ";" in message
    return message


def every_way(url):
    """Ask, submit and run, each on its own."""
    job = JobMeta(flow_class="line")
    with closing(theflow.connect(url)) as client:
        return {refusal(client.find_flows), refusal(lambda: client.create_job(job)), refusal(lambda: run(url))}


def run(url):
    """Take a name, as a runtime does first."""
    theflow.bootstrap(url, SCHEMES).stop()


def test_a_question_to_a_missing_database_is_refused_and_creates_nothing(tmp_path):
    with closing(theflow.connect(f"sqlite:///{tmp_path}/flows.db")) as client:
        assert f"there is no database at {tmp_path}/flows.db" in refusal(client.find_flows)
    assert list(tmp_path.iterdir()) == []


def test_a_submit_creates_the_database_and_its_folder(tmp_path):
    with closing(theflow.connect(f"sqlite:///{tmp_path}/new/flows.db")) as client:
        assert client.create_job(JobMeta(flow_class="line")).get().status is FlowStatus.PENDING


def test_a_directory_is_no_database(tmp_path):
    assert every_way(f"sqlite:///{tmp_path}") == {f"{tmp_path} is a directory; give the path of a database file"}


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with closing(theflow.connect(f"sqlite:///{tmp_path}/file/flows.db")) as client:
        assert f"{tmp_path}/file/flows.db" in refusal(lambda: client.create_job(JobMeta(flow_class="line")))


def test_a_file_of_something_else_is_refused_and_left_as_it_is(tmp_path):
    path = tmp_path / "flows.db"
    path.write_text("these are my notes, not a database\n" * 200)
    before = path.read_bytes()
    assert every_way(f"sqlite:///{path}") == {f"the file {path} is not a database; name another path, or move it away"}
    assert path.read_bytes() == before


def test_a_schema_of_a_newer_theflow_is_refused(stage):
    stage.submit("line")
    with closing(sqlite3.connect(stage.path)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    (message,) = every_way(stage.url)
    assert f"the database {stage.path} has schema 9999, newer than 0001" in message
    assert "upgrade theflow-engine" in message


def test_f32_a_database_that_may_only_be_read_says_so(stage):
    stage.submit("line")
    stage.client.close()
    with mounted(stage.folder / "only") as folder:
        shutil.copy(stage.path, folder)
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)  # noqa: S607 - as found on the path
        messages = every_way(f"sqlite:///{folder}/flows.db")
    assert all(str(folder) in message for message in messages)
    assert all("read-only" in message.lower() for message in messages)


def test_a_process_that_cannot_start_says_why_in_two_lines(tmp_path):
    (tmp_path / "flows.py").write_text("from tests.acceptance.flows import line")
    words = [sys.executable, "-m", "theflow", "--db", f"sqlite:///{tmp_path}", "run", "tests.acceptance.flows"]
    answer = subprocess.run(words, capture_output=True, text=True, check=False, cwd=".")
    assert answer.returncode == 6
    assert answer.stderr == f"theflow: {tmp_path} is a directory\ngive the path of a database file\n"
