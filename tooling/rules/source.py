"""A Python file as rules see it, by its syntax alone: what it imports, what it binds, what it promises."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tooling.errors import Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One imported module, absolute and dotted; `eager` when importing the file is enough to run the import.

    For `from a import b` both `a` and `a.b` are given, since `b` may be a module.
    """

    module: str
    line: int
    eager: bool


@dataclass(frozen=True, kw_only=True)
class Source:
    """A module: its dotted name, and its syntax tree (None when it does not parse, with the reason in `error`)."""

    path: Path
    module: str
    tree: ast.Module | None
    text: str
    error: SyntaxError | None = None

    def place(self, line: int | None) -> Place:
        """A line of this file, as the place of a fault."""
        lines = self.text.splitlines()
        if line is None or not 0 < line <= len(lines):
            return Place(file=self.path)
        return Place(file=self.path, line=line, excerpt=lines[line - 1].strip())

    def mentions(self, text: str) -> bool:
        """Whether a text stands in the file; most questions about its syntax are answered by that it does not."""
        return text in self.text

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """Every import, `import_module("literal")` included."""
        if self.tree is None or not self.mentions("import"):
            return ()
        called = any(map(self.mentions, _IMPORTING))
        return tuple(_imports(self.tree, self._package(), _LEAVES if called else _EXPRESSIONS_TOO, eager=True))

    @cached_property
    def named_modules(self) -> frozenset[str]:
        """The top-level names of whatever a string in the file may name: enough to import it by name later."""
        nodes = ast.walk(self.tree) if self.tree else ()
        strings = (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
        return frozenset(text.split(":")[0].split(".")[0] for text in strings)

    def _package(self) -> list[str]:
        """What a relative import of one dot starts from."""
        parts = self.module.split(".")
        return parts if self.path.name == "__init__.py" else parts[:-1]


def read_source(path: Path, top: Path) -> Source:
    """Read a file below the import package's folder `top`."""
    parts = [top.name, *path.relative_to(top).with_suffix("").parts]
    module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    written = path.read_bytes()
    text = written.decode("utf-8", errors="replace")
    try:
        return Source(path=path, module=module, tree=ast.parse(written, filename=str(path)), text=text)
    except (SyntaxError, ValueError) as error:  # a null byte is a ValueError before Python 3.12
        reason = error if isinstance(error, SyntaxError) else SyntaxError(str(error))
        return Source(path=path, module=module, tree=None, text=text, error=reason)


_IMPORTING = ("import_module", "__import__")
_LEAVES = (ast.Constant, ast.Name, ast.expr_context, ast.operator, ast.cmpop, ast.boolop)  # most of a tree
_EXPRESSIONS_TOO = (ast.expr, *_LEAVES)  # where no function is called that imports


def _imports(node: ast.AST, package: list[str], leaves: tuple[type[ast.AST], ...], *, eager: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, leaves):
            continue
        if isinstance(child, ast.Import | ast.ImportFrom | ast.Call):
            for module in _imported(child, package):
                yield Import(module=module, line=child.lineno, eager=eager)
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _imports(child, package, leaves, eager=False)
        elif isinstance(child, ast.If | ast.Try | ast.TryStar):
            yield from _guarded(child, package, leaves, eager=eager)
        else:
            yield from _imports(child, package, leaves, eager=eager)


def _guarded(
    node: ast.If | ast.Try | ast.TryStar, package: list[str], leaves: tuple[type[ast.AST], ...], *, eager: bool
) -> Iterator[Import]:
    """Imports for type checkers, and those whose failure is caught, do not run or need not succeed."""
    caught = not isinstance(node, ast.If) and any(_catches_import_error(handler) for handler in node.handlers)
    shielded = caught or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test))
    body = ast.Module(body=node.body, type_ignores=[])
    yield from _imports(body, package, leaves, eager=eager and not shielded)
    rest: list[ast.stmt] = list(node.orelse)
    if not isinstance(node, ast.If):
        rest += [statement for handler in node.handlers for statement in handler.body] + node.finalbody
    yield from _imports(ast.Module(body=rest, type_ignores=[]), package, leaves, eager=eager)


def _catches_import_error(handler: ast.ExceptHandler) -> bool:
    names = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
    return handler.type is None or any(
        isinstance(node, ast.Name) and node.id in names for node in ast.walk(handler.type)
    )


def _imported(node: ast.Import | ast.ImportFrom | ast.Call, package: list[str]) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.Call):
        return _called(node)
    base = package[: len(package) - node.level + 1] if node.level else []
    origin = ".".join([*base, *([node.module] if node.module else [])])
    return [origin, *(f"{origin}.{alias.name}" for alias in node.names)]


def _called(node: ast.Call) -> list[str]:
    """`import_module("a.b")`, however the function was imported."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name not in _IMPORTING or not node.args or not isinstance(node.args[0], ast.Constant):
        return []
    return [node.args[0].value] if isinstance(node.args[0].value, str) else []
