"""Every rule of the house can fail: each is shown something that breaks it, and its harmless neighbour."""

from __future__ import annotations

import pytest

from tests.house import rules
from tests.house.test_house import loaded_by, python, wrong


def test_a_long_file_is_found():
    assert list(rules.too_long("x = 1\n" * 401, 400)) == ["401 lines; at most 400"]
    assert list(rules.too_long("x = 1\n" * 400, 400)) == []


def test_a_large_class_is_found():
    assert list(rules.large_classes("class Manager:\n" + "    x = 1\n" * 250)) == [
        "class Manager has 251 lines; at most 250"
    ]
    assert list(rules.large_classes("class Noun:\n" + "    x = 1\n" * 249)) == []


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_large_function_is_found_and_its_docstring_is_free(kind):
    body = '    """Say."""\n' + "    if x:\n        y = 1\n" * 20
    assert list(rules.large_functions(f"{kind} f():\n{body}    return y\n")) == ["f has 41 statements; at most 40"]
    assert list(rules.large_functions(f"{kind} f():\n{body}")) == []


def test_a_nested_function_counts_in_the_one_around_it():
    assert list(rules.large_functions("def f():\n    def g():\n" + "        x = 1\n" * 40)) == [
        "f has 41 statements; at most 40"
    ]


def test_a_wide_function_is_found_and_self_is_free():
    assert list(rules.wide_functions("def f(a, b, /, c, *d, e, **f): pass")) == []
    assert list(rules.wide_functions("class A:\n    def f(self, a, b, c, *, d, e, f): pass")) == []
    assert list(rules.wide_functions("async def f(a, b, c, *, d, e, f, g): pass")) == ["f has 7 parameters; at most 6"]


def test_an_import_inside_a_function_is_found():
    assert list(rules.local_imports("import a\ndef f():\n    import b.c\n    from . import d\n")) == ["b.c", "."]
    assert list(rules.local_imports("class A:\n    async def f(self):\n        from e.f import g\n")) == ["e.f"]
    assert list(rules.local_imports("import a\nif a:\n    import b\n")) == []


def test_our_own_package_under_type_checking_is_found():
    source = "if TYPE_CHECKING:\n    from collections.abc import Mapping\n    from theflow.model.job import JobMeta\n"
    assert list(rules.own_under_type_checking(source)) == ["theflow.model.job"]
    assert list(rules.own_under_type_checking("if typing.TYPE_CHECKING:\n    import theflow.wire\n")) == [
        "theflow.wire"
    ]
    assert list(rules.own_under_type_checking("from theflow.model.job import JobMeta\n")) == []


@pytest.mark.parametrize("path", ["runtime/engine.py", "cli/runs.py", "database/sql.py", "database/postgres.py"])
def test_a_dialect_outside_its_own_files_is_found(path):
    assert list(rules.foreign_dialects(path, "# why\nURL = 'SQLite:///'\n")) == ["line 2 says SQLite"]


@pytest.mark.parametrize(
    "path", ["wire.py", "database/sqlite.py", "database/queries/sqlite/a.sql", "database/migrations/env.py"]
)
def test_a_dialect_in_its_own_files_is_left_alone(path):
    assert list(rules.foreign_dialects(path, "import sqlite3")) == []


@pytest.mark.parametrize(
    "sql", ["SELECT 1\n", "--\nSELECT 1", "-- get it\nSELECT 1", "\n-- A reason that comes too late\n"]
)
def test_a_statement_without_a_reason_is_found(sql):
    assert list(rules.without_reason(sql)) == ["the first line must be a comment that says why"]


def test_a_statement_with_a_reason_is_left_alone():
    assert list(rules.without_reason("-- Only the holder may let go.\nSELECT 1\n")) == []


@pytest.mark.parametrize("sql", ["WHERE a LIKE '50%'", "-- 10 % of rows", "SELECT :a::jsonb", "SELECT b::text || :a"])
def test_sql_that_a_driver_reads_otherwise_is_found(sql):
    assert len(list(rules.risky_sql(sql))) == 1


@pytest.mark.parametrize("sql", ["SELECT a::text, :b", "WHERE a = :a AND b = :b", "CAST(:a AS jsonb)"])
def test_plain_sql_is_left_alone(sql):
    assert list(rules.risky_sql(sql)) == []


def test_an_override_without_a_common_twin_is_found():
    assert list(rules.without_twin({"sqlite/claim.sql", "sqlite/odd.sql"}, {"claim.sql"})) == ["sqlite/odd.sql"]


def test_a_long_test_is_found():
    assert list(rules.long_tests("def test_all():\n" + "    x = 1\n" * 26)) == ["test_all has 26 lines; at most 25"]
    assert list(rules.long_tests("async def test_one():\n" + "    x = 1\n" * 25)) == []
    assert list(rules.long_tests("def fixture():\n" + "    x = 1\n" * 26)) == []


def test_a_heavy_import_is_seen():
    assert "asyncio" in loaded_by("import asyncio")
    assert "asyncio" not in loaded_by("import json")


def test_a_check_over_no_files_is_no_check():
    with pytest.raises(AssertionError):
        wrong([], rules.large_classes)
    with pytest.raises(AssertionError):
        python("no-such-folder")
