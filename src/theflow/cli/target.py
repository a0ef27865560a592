"""TARGET: a file or a module with definitions of flows, imported as the program that it is."""

from __future__ import annotations

import importlib
import os
import re
import sys
from dataclasses import dataclass, replace
from difflib import get_close_matches
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from theflow.cli.exits import Exit, Refusal
from theflow.cli.failure import told
from theflow.model.failure import Failure, Frame
from theflow.model.scheme import FlowScheme
from theflow.model.task_scheme import TaskScheme
from theflow.runtime.failure_detail import failure_of

if TYPE_CHECKING:
    from collections.abc import Iterator

LISTED_NAMES = 12
DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
FIRST_LINES = 'order = theflow.FlowScheme("order")'


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What stands before and behind the colon, and the command that it was given to."""

    place: str
    attribute: str
    command: str

    @classmethod
    def parse(cls, text: str, command: str) -> Target:
        """Part a target at its last colon, unless that belongs to a path."""
        place, colon, attribute = text.rpartition(":")
        if not colon or not place or os.sep in attribute or attribute.endswith(".py"):
            return cls(place=text, attribute="", command=command)
        return cls(place=place, attribute=attribute, command=command)

    @property
    def is_file(self) -> bool:
        """Whether the place is a path, not the name of a module."""
        return self.place.endswith(".py") or os.sep in self.place or Path(self.place).is_file()

    def hint(self, attribute: str = "") -> str:
        """The line that would have worked."""
        return f"{self.command} {self.place}{':' if attribute else ''}{attribute}"

    def refusal(self, message: str, hint: str) -> Refusal:
        """The error of this target."""
        return Refusal(message, Exit.USAGE, hint)


def schemes_of(text: str, command: str) -> tuple[FlowScheme, ...]:
    """Import a target and return its schemes, complete and checked; `command` is what a hint begins with.

    Raises Refusal if there are none, SchemeError if one is wrong.
    """
    target = Target.parse(text, command)
    module = _imported(target)
    found = tuple(_named(target, module) if target.attribute else _all(target, module))
    for scheme in found:
        scheme.orchestration  # noqa: B018 - builds and checks
    return found


def _imported(target: Target) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    # A file that was written a moment ago may not be in the listings that Python keeps of folders.
    importlib.invalidate_caches()
    _refuse_nowhere(target)
    try:
        return _from_file(Path(target.place).resolve()) if target.is_file else importlib.import_module(target.place)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the user's module raises is told with its place
        if _is_missing(target, error):
            hint = _resembling(target, f"{target.place}.py")
            raise target.refusal(f"no module {target.place!r} is importable from here", hint) from None
        lines = "\n".join(f"  {each}" for each in told(_failure(error)))
        hint = f"mend it, then {target.hint(target.attribute)}"
        raise target.refusal(f"{target.place} cannot be imported:\n{lines}", hint) from None


def _is_missing(target: Target, error: BaseException) -> bool:
    """Whether the module itself is not there, as against one that it imports."""
    if target.is_file or not isinstance(error, ModuleNotFoundError) or not error.name:
        return False
    return f"{target.place}.".startswith(f"{error.name}.")


def _failure(error: BaseException) -> Failure:
    failure = failure_of(error)
    if not isinstance(error, SyntaxError):
        return failure
    # The line that cannot be parsed was never run, so no frame has it.
    place = Frame(file=error.filename or "?", line=error.lineno or 0, function="", text=error.text or "", user=True)
    return replace(failure, message=error.msg, frames=(*failure.frames, place))


def _refuse_nowhere(target: Target) -> None:
    path = Path(target.place)
    if path.is_dir() and not DOTTED.fullmatch(target.place):
        raise target.refusal(
            f"{target.place} is a directory", f"name a file in it: {target.command} {path / 'flows.py'}"
        )
    if target.is_file and not path.is_file():
        raise target.refusal(f"there is no file {target.place}", _resembling(target, path.name))
    if not target.is_file and not DOTTED.fullmatch(target.place):
        raise target.refusal(
            f"{target.place!r} is neither a file nor the name of a module", f"{target.command} flows.py"
        )


def _resembling(target: Target, name: str) -> str:
    """A file nearby with a similar name."""
    folder = Path(target.place).parent if target.is_file else Path()
    names = sorted(path.name for path in folder.glob("*.py")) if folder.is_dir() else []
    near = get_close_matches(name, names, n=1)
    return f"{target.command} {folder / near[0]}" if near else f"{target.command} FILE.py, or the name of a module"


def _from_file(path: Path) -> ModuleType:
    """Import a file under the name that an import statement would use, so that its relative imports work."""
    root = path.parent
    while (root / "__init__.py").is_file():
        root = root.parent
    name = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    package = name.rpartition(".")[0]
    if package:
        importlib.import_module(package)
    known = sys.modules.get(name)
    if known is not None:
        if getattr(known, "__file__", None) == str(path):
            return known
        # The file is called like a module that is already loaded, and must not replace it.
        name = f"{name}_target"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} is no Python file: its name must end in .py")
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _named(target: Target, module: ModuleType) -> list[FlowScheme]:
    value: Any = module
    for part in target.attribute.split("."):
        value = getattr(value, part, None)
    found = _schemes_in(value)
    if not found:
        what = "does not exist" if value is None else f"is {_kind(value)}, not a FlowScheme"
        raise _without_scheme(target, module, f"{target.place}:{target.attribute} {what}")
    return found


def _all(target: Target, module: ModuleType) -> list[FlowScheme]:
    found = {id(scheme): scheme for value in vars(module).values() for scheme in _schemes_in(value)}
    if not found:
        raise _without_scheme(target, module, f"{target.place} defines no FlowScheme")
    return list(found.values())


def _schemes_in(value: Any) -> list[FlowScheme]:
    if _is(value, FlowScheme):
        return [value]
    if _is(value, list, tuple) and all(_is(each, FlowScheme) for each in value):
        return list(value)
    return []


def _is(value: Any, *kinds: type) -> bool:
    # Not isinstance: it asks the value too, and proxies such as `flask.request` raise when they are asked.
    return issubclass(type(value), kinds)


def _without_scheme(target: Target, module: ModuleType, message: str) -> Refusal:
    defined = dict(_defined(module))
    named = [f"{name} ({kind})" for name, kind in list(defined.items())[:LISTED_NAMES]]
    if len(defined) > LISTED_NAMES:
        named.append(f"{len(defined) - LISTED_NAMES} more")
    usable = next((name for name in defined if _schemes_in(getattr(module, name))), None)
    hint = target.hint(usable) if usable else f"put {FIRST_LINES} and a function under @order.task into it"
    return target.refusal(f"{message}; it defines {', '.join(named) or 'nothing'}", hint)


def _defined(module: ModuleType) -> Iterator[tuple[str, str]]:
    """The names that the module itself brings into being, schemes first."""
    names = [name for name in vars(module) if not name.startswith("_")]
    for name in sorted(names, key=lambda name: not _schemes_in(getattr(module, name))):
        value = getattr(module, name)
        if _schemes_in(value) or _is(value, TaskScheme) or not _is_imported(value, module):
            yield name, _kind(value)


def _is_imported(value: Any, module: ModuleType) -> bool:
    return _is(value, ModuleType) or (_is(value, type, FunctionType) and value.__module__ != module.__name__)


def _kind(value: Any) -> str:
    if _is(value, list, tuple) and _schemes_in(value):
        return f"{type(value).__name__} of FlowScheme"
    return "class" if _is(value, type) else type(value).__name__
