"""TARGET: what is imported, and what is said when that does not work."""

from __future__ import annotations

import sys
from textwrap import dedent

import pytest

from tests.cli.conftest import forget
from tests.cli.shell import Shell
from theflow.cli.exits import Exit, Refusal
from theflow.cli.target import schemes_of

ORDER = """
    from theflow import FlowScheme

    order = FlowScheme("order")

    @order.task
    def charge():
        pass
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A directory of its own; what is imported from it is forgotten."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    forget(tmp_path)


def write(folder, name, text):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(dedent(text).lstrip(), encoding="utf-8")


def names(target):
    return [scheme.name for scheme in schemes_of(target, "theflow run")]


def refusal(target):
    with pytest.raises(Refusal) as caught:
        schemes_of(target, "theflow run")
    assert caught.value.exit_code == Exit.USAGE
    return caught.value


@pytest.mark.parametrize(
    "target", ["flows.py", "flows", "flows.py:order", "flows:order", "./flows.py", "both.py:all_of_them", "both"]
)
def test_a_scheme_is_found_by_file_module_and_name(here, target):
    write(here, "flows.py", ORDER)
    write(here, "both.py", "import flows\nall_of_them = [flows.order]\n")
    assert names(target) == ["order"]


def test_a_file_elsewhere_can_import_its_neighbours(here):
    write(here, "jobs/flows.py", ORDER)
    write(here, "jobs/main.py", "from flows import order\n")
    assert names("jobs/main.py") == ["order"]


def test_a_file_of_a_package_can_import_relatively(here):
    write(here, "package/__init__.py", "")
    write(here, "package/flows.py", ORDER)
    write(here, "package/main.py", "from .flows import order\n")
    assert names("package/main.py") == names("package.main") == ["order"]


def test_a_file_may_be_called_like_a_module_of_python(here):
    write(here, "queue.py", ORDER)
    assert names("queue.py") == ["order"]
    assert hasattr(sys.modules["queue"], "SimpleQueue")


def test_an_import_error_shows_the_users_own_line_first(here):
    write(here, "helper.py", "def ratio():\n    return 1 / 0\n")
    write(here, "flows.py", "import helper\n\nRATIO = helper.ratio()\n")
    lines = str(refusal("flows.py")).splitlines()
    assert lines[:6] == [
        "flows.py cannot be imported:",
        "  flows.py:3",
        "      RATIO = helper.ratio()",
        "  helper.py:2 in ratio",
        "      return 1 / 0",
        "  ZeroDivisionError: division by zero",
    ]
    assert "importlib" not in str(refusal("flows.py"))


def test_a_missing_library_is_told_with_the_line_that_wants_it(here):
    write(here, "flows.py", "import no_such_library\n")
    assert "  flows.py:1\n      import no_such_library\n  ModuleNotFoundError:" in str(refusal("flows"))


def test_a_line_that_cannot_be_parsed_is_shown(here):
    write(here, "flows.py", "x = 1\ndef broken(:\n    pass\n")
    assert "  flows.py:2\n      def broken(:\n  SyntaxError: " in str(refusal("flows.py"))


def test_a_file_that_ends_the_program_is_an_error_of_that_file(here):
    write(here, "flows.py", "import sys\n\nsys.exit(3)\n")
    assert "  flows.py:3\n      sys.exit(3)\n  SystemExit: 3" in str(refusal("flows.py"))


def test_a_wrong_definition_is_told_at_its_decorator(here):
    write(here, "flows.py", ORDER + "\n    @order.task(retry=3)\n    def pack():\n        pass\n")
    message = str(refusal("flows.py"))
    assert "      @order.task(retry=3)\n" in message
    assert "task 'pack': retry is 3" in message


def test_a_cycle_is_told_in_two_lines(here):
    text = ORDER.replace("@order.task", '@order.task(after=["pack"])')
    write(here, "flows.py", text + "\n    @order.task\n    def pack(charge):\n        pass\n")
    answer = Shell(here)("run", "flows.py")
    assert answer.code == 2
    what, mend = answer.err.splitlines()
    assert what.endswith("in a cycle: 'charge' -> 'pack' -> 'charge'")
    assert mend.startswith("take one of these tasks out")


def test_a_module_without_a_scheme_is_told_what_it_defines(here):
    write(here, "flows.py", "import json\n\nclass App: ...\n\napplication = App()\n\ndef make(): ...\n")
    caught = refusal("flows.py")
    assert str(caught) == "flows.py defines no FlowScheme; it defines App (class), application (App), make (function)"
    assert "FlowScheme(" in caught.hint


def test_a_name_that_is_no_scheme_leads_to_one_that_is(here):
    write(here, "flows.py", ORDER)
    caught = refusal("flows.py:charge")
    assert str(caught).startswith("flows.py:charge is TaskScheme, not a FlowScheme; it defines order (FlowScheme)")
    assert caught.hint == "theflow run flows.py:order"
    assert str(refusal("flows.py:ordr")).startswith("flows.py:ordr does not exist")


def test_a_proxy_that_may_not_be_asked_yet_does_no_harm(here):
    proxy = """
        class Proxy:
            @property
            def __class__(self):
                raise RuntimeError("unbound")

        request = Proxy()
    """
    write(here, "flows.py", proxy)
    assert "request (Proxy)" in str(refusal("flows.py"))
    write(here, "more.py", "from flows import request\n" + dedent(ORDER))
    assert names("more.py") == ["order"]


def test_a_mistyped_file_leads_to_the_one_that_is_there(here):
    write(here, "flows.py", ORDER)
    assert refusal("flow.py").hint == "theflow run flows.py"
    assert refusal("flowz").hint == "theflow run flows.py"


@pytest.mark.parametrize("target", [".", "no/such/file.py", "a b", "no_such_module", ":", "flows.py:"])
def test_what_is_no_target_is_refused_in_one_line(target):
    assert "\n" not in str(refusal(target))


def test_an_error_message_of_the_module_cannot_steer_the_terminal(here):
    write(here, "flows.py", 'raise ValueError("\\x1b[2J\\u202e")\n')
    assert not set("\x1b\u202e") & set(str(refusal("flows.py")))
