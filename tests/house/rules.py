"""The rules of the house as pure questions: text goes in, sentences about what is wrong come out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

FILE_LINES = 400
CLASS_LINES = 250
STATEMENTS = 40
PARAMETERS = 6
QUERY_LINES = 60
TEST_LINES = 25
DIALECTS = ("sqlite", "postgres", "mysql")
# Each dialect's word with its drivers' and forks' names.
DIALECT_WORDS = {"sqlite": "sqlite", "postgres": "postgres|psycopg", "mysql": "mysql|mariadb"}
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def too_long(text: str, limit: int) -> Iterator[str]:
    """A file that outgrew its noun."""
    lines = len(text.splitlines())
    if lines > limit:
        yield f"{lines} lines; at most {limit}"


def large_classes(source: str) -> Iterator[str]:
    """Classes where every feature lands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef) and (lines := _lines(node)) > CLASS_LINES:
            yield f"class {node.name} has {lines} lines; at most {CLASS_LINES}"


def large_functions(source: str) -> Iterator[str]:
    """Functions with too many statements; a docstring is none, a nested function's count."""
    for node in _functions(source):
        statements = sum(isinstance(each, ast.stmt) for each in ast.walk(node)) - 1 - _has_docstring(node)
        if statements > STATEMENTS:
            yield f"{node.name} has {statements} statements; at most {STATEMENTS}"


def wide_functions(source: str) -> Iterator[str]:
    """Functions with too many parameters; self and cls are none."""
    for node in _functions(source):
        names = [each.arg for each in ast.walk(node.args) if isinstance(each, ast.arg)]
        if (count := sum(name not in ("self", "cls") for name in names)) > PARAMETERS:
            yield f"{node.name} has {count} parameters; at most {PARAMETERS}"


def local_imports(source: str) -> Iterator[str]:
    """Modules imported inside functions, by name."""
    for function in _functions(source):
        yield from _imported(function)


def own_under_type_checking(source: str) -> Iterator[str]:
    """Our own modules that are imported for types only: each would be a hidden cycle."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            yield from (name for name in _imported(node) if name.split(".")[0] in ("theflow", ""))


def foreign_dialects(path: str, text: str) -> Iterator[str]:
    """Dialects named in a file below src/theflow that is not their own."""
    if path == "wire.py" or path.startswith(("database/migrations/", "database/queries/common/")):
        return
    own = {dialect for dialect in DIALECTS if path.startswith("database/") and dialect in path}
    for dialect in DIALECTS:
        if dialect not in own and (found := re.search(DIALECT_WORDS[dialect], text, re.IGNORECASE)):
            yield f"line {text.count(chr(10), 0, found.start()) + 1} says {found.group()}"


def without_reason(sql: str) -> Iterator[str]:
    """A statement whose first line does not say why it is there."""
    if not re.match(r"-- \w.{8,}", sql):
        yield "the first line must be a comment that says why"


def risky_sql(sql: str) -> Iterator[str]:
    """What reads as something else in one of the drivers."""
    if "%" in sql:
        yield "% is a placeholder to some drivers, also in a comment: bind the text, or use another operator"
    if re.search(r"(?<!:):\w+\s*::", sql) or re.search(r"::\s*\w+[^\n,;]*(?<!:):\w", sql):
        yield "a :name beside a ::cast is not seen as a parameter: write CAST(:name AS type)"


def without_twin(overrides: set[str], common: set[str]) -> Iterator[str]:
    """Statements (`dialect/name.sql`) that replace none of the common ones."""
    return (each for each in sorted(overrides) if each.partition("/")[2] not in common)


def long_tests(source: str) -> Iterator[str]:
    """Tests that make more than one claim, told by their length."""
    for node in _functions(source):
        lines = node.body[-1].end_lineno - node.body[0].lineno + 1
        if node.name.startswith("test_") and lines > TEST_LINES:
            yield f"{node.name} has {lines} lines; at most {TEST_LINES}"


def _functions(source: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(ast.parse(source)) if isinstance(node, FUNCTION))


def _imported(within: ast.AST) -> Iterator[str]:
    for node in ast.walk(within):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def _lines(node: ast.ClassDef) -> int:
    return node.end_lineno - node.lineno + 1


def _has_docstring(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return ast.get_docstring(node) is not None
