"""The house stays in order: sizes, dialects, SQL and late imports. Every exception is listed here with its reason."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import theflow
from tests.house import rules

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "theflow"
QUERIES = PACKAGE / "database" / "queries"
HEAVY = ("sqlalchemy", "alembic", "click", "rich", "asyncio", "msgspec")

# File below src/theflow -> why it may name a dialect.
DIALECT_EXCEPTIONS: dict[str, str] = {}
# "file: module" -> why the import waits inside a function.
LOCAL_IMPORT_EXCEPTIONS = {
    "database/schema.py: alembic": "100 ms that only a change of the schema has to pay",
    "database/schema.py: alembic.config": "as above",
}
# File below src/theflow -> why it imports our own modules for type checkers only.
TYPE_ONLY_EXCEPTIONS = {"__init__.py": "the public face imports late, and type checkers still have to see its names"}
# "dialect/name.sql" -> why no other dialect has such a statement.
_LISTS = (
    "claim_counts",
    "claim_jobs",
    "claimed_flows",
    "delete_jobs",
    "end_flows",
    "filter_labels",
    "inputs",
    "look_ranked",
    "save_turns",
    "start_flows",
    "unfinished",
)
OWN_STATEMENTS = {
    "sqlite/change_token.sql": "a pragma of the file; servers have no such counter",
    "sqlite/quick_check.sql": "a pragma of the file",
    **{f"{server}/change_token.sql": "the counters that a file does not need" for server in ("postgres", "mysql")},
    **{f"{server}/connection_limits.sql": "a file has no such limit" for server in ("postgres", "mysql")},
    **{f"{server}/identity.sql": "a file is told by its path" for server in ("postgres", "mysql")},
    **{f"{server}/server_time.sql": "a file has no clock of its own" for server in ("postgres", "mysql")},
    **{f"{server}/server_settings.sql": "each has settings of its own" for server in ("postgres", "mysql")},
    **dict.fromkeys(
        (f"{dialect}/{name}.sql" for dialect in rules.DIALECTS for name in _LISTS),
        "a list as one JSON parameter, which every database takes apart with functions of its own",
    ),
    **dict.fromkeys(
        (f"{dialect}/{name}.sql" for dialect in rules.DIALECTS for name in ("live_runtimes", "raise_beat")),
        "the clock of the database, which each tells in its own way",
    ),
}


def test_no_file_outgrows_its_noun():
    assert wrong(python("src", "examples", "bench", "tests"), partial(rules.too_long, limit=rules.FILE_LINES)) == []


def test_no_class_collects_every_feature():
    assert wrong(python("src", "examples", "bench"), rules.large_classes) == []


def test_no_function_is_too_long():
    assert wrong(python("src", "examples", "bench"), rules.large_functions) == []


def test_no_function_takes_too_much():
    assert wrong(python("src", "examples", "bench"), rules.wide_functions) == []


def test_a_test_makes_one_claim():
    assert wrong(python("tests"), rules.long_tests) == []


def test_imports_stand_at_the_top():
    found = {
        f"{path.relative_to(PACKAGE)}: {each}" for path in python("src") for each in rules.local_imports(text(path))
    }
    assert found == set(LOCAL_IMPORT_EXCEPTIONS)


def test_our_own_package_is_imported_for_real():
    files = [path for path in python("src") if str(path.relative_to(PACKAGE)) not in TYPE_ONLY_EXCEPTIONS]
    assert wrong(files, rules.own_under_type_checking) == []


def test_dialects_are_named_only_in_their_own_files():
    paths = [path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.*") if path.suffix in {".py", ".sql"}]
    found = {str(path): list(rules.foreign_dialects(str(path), text(PACKAGE / path))) for path in paths}
    assert {path: why for path, why in found.items() if why and path not in DIALECT_EXCEPTIONS} == {}
    assert {path for path in DIALECT_EXCEPTIONS if not found.get(path)} == set(), "no longer an exception"


def test_every_statement_is_short_and_says_why():
    assert wrong(QUERIES.rglob("*.sql"), partial(rules.too_long, limit=rules.QUERY_LINES)) == []
    assert wrong(PACKAGE.rglob("*.sql"), rules.without_reason) == []


def test_sql_means_the_same_to_every_driver():
    assert wrong(PACKAGE.rglob("*.sql"), rules.risky_sql) == []


def test_a_dialect_only_overrides_common_statements():
    names = {str(path.relative_to(QUERIES)) for path in QUERIES.rglob("*.sql")}
    common = {name.removeprefix("common/") for name in names if name.startswith("common/")}
    overrides = {name for name in names if not name.startswith("common/")}
    assert set(rules.without_twin(overrides, common)) == set(OWN_STATEMENTS)


def test_importing_theflow_imports_nothing_heavy():
    assert loaded_by("import theflow").isdisjoint(HEAVY)


def test_showing_the_help_needs_no_database_library():
    asked = "import sys; sys.argv = ['theflow', '--help']; from theflow.cli import main; main()"
    assert loaded_by(asked).isdisjoint({"sqlalchemy", "alembic"})


def test_every_public_name_is_there():
    assert [name for name in theflow.__all__ if not hasattr(theflow, name)] == []
    assert len(theflow.__all__) == len(set(theflow.__all__))


def python(*folders: str) -> list[Path]:
    """The Python files below some folders; a folder without any would make its check an empty one."""
    found = {folder: sorted((ROOT / folder).rglob("*.py")) for folder in folders}
    assert all(found.values()), f"no Python files: {[folder for folder, paths in found.items() if not paths]}"
    return [path for paths in found.values() for path in paths]


def text(path: Path) -> str:
    """What a file says."""
    return path.read_text(encoding="utf-8")


def wrong(paths: Iterable[Path], rule: Callable[[str], Iterable[str]]) -> list[str]:
    """Everything that a rule finds in some files, of which there is at least one."""
    texts = {path: text(path) for path in paths}
    assert texts
    return [f"{path.relative_to(ROOT)}: {problem}" for path, each in texts.items() for problem in rule(each)]


def loaded_by(program: str) -> set[str]:
    """The top-level modules that a program leaves loaded in an interpreter of its own."""
    tell = "import atexit, sys; atexit.register(lambda: print(*sys.modules, sep='\\n', file=sys.stderr))"
    run = subprocess.run([sys.executable, "-c", f"{tell}; {program}"], capture_output=True, text=True, check=True)
    return set(run.stderr.split())
