"""Count what a tree of Python sources is made of: the standard library, or any directory.

    list_packages  ->  group_1 ... group_6  ->  merge  ->  report

As a program of its own:    python examples/census.py [ROOT] [--output DIR]
As a class for a runtime:   theflow run examples/census.py
and from another shell:     theflow submit census root=/some/directory output=results --user ann
"""

import argparse
import ast
import csv
import os
import sys
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from xml.sax.saxutils import escape

import theflow

GROUPS = 6
FOREIGN = {"site-packages", "dist-packages", "__pycache__", "test", "tests"}


@dataclass
class Counts:
    """What one package is made of; `functions` includes methods and the async ones."""

    package: str = ""
    files: int = 0
    unparsable: int = 0
    lines: int = 0
    functions: int = 0
    async_functions: int = 0
    annotated: int = 0
    classes: int = 0
    imports: int = 0
    comprehensions: int = 0
    longest: int = 0
    longest_name: str = ""

    @property
    def annotated_share(self) -> float:
        """The part of the functions that carry a type annotation, in percent."""
        return 100 * self.annotated / self.functions if self.functions else 0.0


def standard_library() -> str:
    """Where the running interpreter keeps its own library."""
    return sysconfig.get_path("stdlib")


@dataclass
class Census:
    """The storage of a census: where to look, where to write, and what came out."""

    root: str = field(default_factory=standard_library)
    output: str = ".theflow/census"
    total: Counts = field(default_factory=Counts)


census = theflow.FlowScheme("census", storage=Census, description="What a tree of Python sources is made of")


@census.task
def list_packages(census: Census) -> list[str]:
    """Name the modules and packages below the root, largest first, so that the groups come out alike."""
    root = Path(census.root)
    if not root.is_dir():
        raise NotADirectoryError(f"{root} is not a directory; submit the census with root=DIRECTORY")
    sizes = {entry.name: sum(file.stat().st_size for file in sources(entry)) for entry in root.iterdir()}
    return sorted((name for name, size in sizes.items() if size), key=lambda name: (-sizes[name], name))


def count_group(number: int) -> Callable[..., list[Counts]]:
    """Return the body that counts every sixth package, from `number` on."""

    def body(census: Census, ctx: theflow.Context[Census], list_packages: list[str]) -> list[Counts]:
        rows = [count_package(Path(census.root, name)) for name in list_packages[number::GROUPS]]
        ctx.log.info("%d packages, %d lines", len(rows), sum(row.lines for row in rows))
        return rows

    return body


# The graph of a flow is fixed when its scheme is built: six groups, whatever the tree holds.
for number in range(GROUPS):
    census.add(count_group(number), name=f"group_{number + 1}")


@census.task
def merge(
    group_1: list[Counts],
    group_2: list[Counts],
    group_3: list[Counts],
    group_4: list[Counts],
    group_5: list[Counts],
    group_6: list[Counts],
) -> list[Counts]:
    """Bring the groups together, longest package first; a parameter named like a task takes that task's result."""
    rows = [*group_1, *group_2, *group_3, *group_4, *group_5, *group_6]
    return sorted(rows, key=lambda row: (-row.lines, row.package))


@census.task
def report(ctx: theflow.Context[Census], merge: list[Counts]) -> list[str]:
    """Write the table, the CSV and the chart; a second attempt would write the same files again."""
    total = ctx.storage.total = add_up(merge)
    output = Path(ctx.storage.output)
    output.mkdir(parents=True, exist_ok=True)
    table, rows, chart = output / "census.txt", output / "census.csv", output / "census.svg"
    table.write_text(as_table(merge[:15], total), encoding="utf-8")
    write_csv(rows, merge)
    chart.write_text(as_chart(merge[:25]), encoding="utf-8")
    ctx.log.info("%d files, %d lines; see %s", total.files, total.lines, output)
    return [str(path.resolve()) for path in (table, rows, chart)]


def sources(entry: Path) -> Iterator[Path]:
    """Find the Python files of a module or package; tests and installed packages are not the library's own."""
    if entry.is_file() and entry.suffix == ".py":
        yield entry
    if entry.name in FOREIGN:
        return
    for folder, subfolders, names in os.walk(entry):
        subfolders[:] = sorted(set(subfolders) - FOREIGN)
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(".py"))


def count_package(entry: Path) -> Counts:
    """Count one module or package; a file that does not parse is counted too, and nothing more of it."""
    counts = Counts(package=entry.stem if entry.is_file() else entry.name)
    for file in sources(entry):
        counts.files += 1
        try:
            source = file.read_bytes()
            tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError):
            counts.unparsable += 1
            continue
        counts.lines += len(source.splitlines())
        for node in ast.walk(tree):
            count_node(counts, node, file)
    return counts


def count_node(counts: Counts, node: ast.AST, file: Path) -> None:
    """Add one node of a syntax tree to the counts."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            counts.functions += 1
            counts.async_functions += isinstance(node, ast.AsyncFunctionDef)
            counts.annotated += is_annotated(node)
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > counts.longest:
                counts.longest, counts.longest_name = length, f"{file.name}:{node.name}"
        case ast.ClassDef():
            counts.classes += 1
        case ast.Import() | ast.ImportFrom():
            counts.imports += len(node.names)
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            counts.comprehensions += 1


def is_annotated(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether the function says a type of anything it takes or returns."""
    takes = function.args
    arguments = (*takes.posonlyargs, *takes.args, takes.vararg, *takes.kwonlyargs, takes.kwarg)
    return function.returns is not None or any(argument and argument.annotation for argument in arguments)


def add_up(rows: list[Counts]) -> Counts:
    """Add packages up; the longest function of all is the longest of any."""
    total = Counts(package="all packages")
    for column in fields(Counts):
        if column.type is int:
            setattr(total, column.name, sum(getattr(row, column.name) for row in rows))
    champion = max(rows, key=lambda row: row.longest, default=total)
    total.longest, total.longest_name = champion.longest, champion.longest_name
    return total


def as_table(rows: list[Counts], total: Counts) -> str:
    """Draw the longest packages and the total for a terminal of 80 columns."""
    lines = [f"{'package':<20}{'files':>6}{'lines':>9}{'defs':>8}{'async':>7}{'classes':>9}{'typed':>7}{'longest':>9}"]
    lines += [
        f"{row.package[:19]:<20}{row.files:>6}{row.lines:>9,}{row.functions:>8,}{row.async_functions:>7}"
        f"{row.classes:>9,}{row.annotated_share:>6.0f}%{row.longest:>9}"
        for row in (*rows, total)
    ]
    lines.insert(-1, "-" * len(lines[0]))
    lines.append(f"The longest function is {total.longest_name}; {total.unparsable} files could not be parsed.")
    return "\n".join(lines) + "\n"


def write_csv(path: Path, rows: list[Counts]) -> None:
    """Write every package as one line."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [column.name for column in fields(Counts)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def as_chart(rows: list[Counts]) -> str:
    """Draw the longest packages as bars that any browser shows; the dark part is the share of typed functions."""
    scale = 560 / max((row.lines for row in rows), default=1)
    size = f'width="800" height="{60 + 22 * len(rows)}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        '<text x="160" y="30" font-size="16">Lines of code per package (dark: share of functions with types)</text>',
    ]
    for number, row in enumerate(rows):
        y, width = 50 + 22 * number, row.lines * scale
        typed = width * row.annotated_share / 100
        lines += [
            f'<text x="150" y="{y + 13}" text-anchor="end">{escape(row.package)}</text>',
            f'<rect x="160" y="{y}" width="{width:.1f}" height="16" fill="#9ecae1"/>',
            f'<rect x="160" y="{y}" width="{typed:.1f}" height="16" fill="#08519c"/>',
            f'<text x="{165 + width:.1f}" y="{y + 13}">{row.lines:,}</text>',
        ]
    return "\n".join([*lines, "</svg>\n"])


def main() -> int:
    """Take one census here and now: a runtime of our own, one job, and its report."""
    parser = argparse.ArgumentParser(description="Count what a tree of Python sources is made of.")
    parser.add_argument("root", nargs="?", default=standard_library(), help="default: the standard library")
    parser.add_argument("--output", default=".theflow/census", help="directory of the report (default: %(default)s)")
    arguments = parser.parse_args()
    job = theflow.JobMeta(flow_class="census", input=Census(root=arguments.root, output=arguments.output))
    with theflow.bootstrap(schemes=[census]) as runtime:
        flow = runtime.client.create_job(job).wait()
    if flow.status != theflow.FlowStatus.SUCCEEDED:
        print(f"the census {flow.status}: {flow.reason}", file=sys.stderr)
        return 1
    table, rows, chart = flow.task("report").result
    print(Path(table).read_text(encoding="utf-8"), f"rows:  {rows}", f"chart: {chart}", sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
