"""Rules about what a package offers: `__all__` and `__version__`, read from the syntax without importing anything."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tooling.model.package import PREFIX
from tooling.rules.rule import Fault, rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tooling.errors import Place
    from tooling.rules.source import Source
    from tooling.rules.subject import Subject


@dataclass(kw_only=True)
class _Names:
    """What a module binds at its top level.

    `own`: defined here, or taken over from the same package; `other`: anything else, such as imports and what only
    type checkers see; `promised`: the elements of `__all__`, None when absent or not a plain list.
    """

    own: set[str] = field(default_factory=set)
    other: set[str] = field(default_factory=set)
    promised: list[str] | None = None
    line: int | None = None
    star: bool = False


@rule("PK20")
def all_is_public(subject: Subject) -> Iterator[Fault]:
    """__all__ equals the public names.

    Write __all__ as a plain list of strings. In an `__init__.py` it has every public name and nothing else (begin a
    name that is not meant for users with an underscore); other modules may have one, of names that exist.
    """
    top = subject.package.import_name
    for source in subject.sources.values():
        if source.tree is None or not (source.module == top or source.mentions("__all__")):
            continue
        names = _names(source, top)
        place = source.place(names.line)
        if names.promised is not None:
            yield from _compared(source, names, subject.sources, place)
        elif names.line is not None:
            yield Fault(message="`__all__` is not a plain list of strings.", place=place)
        elif source.module == top:
            yield Fault(message=f"{source.path.name} has no `__all__`.", place=place, paste=_literal(names.own))


def _compared(source: Source, names: _Names, modules: Mapping[str, Source], place: Place) -> Iterator[Fault]:
    promised = names.promised or []
    twice = sorted({name for name in promised if promised.count(name) > 1})
    if twice:
        yield Fault(message=f"`__all__` names {', '.join(twice)} twice.", place=place)
    if names.star:
        yield Fault(message="`import *` hides which names are public.", place=place)
        return
    lazy = _lazy_names(source.tree)
    missing = [
        name
        for name in dict.fromkeys(promised)
        if name not in names.own | names.other | lazy and f"{source.module}.{name}" not in modules
    ]
    if missing:
        yield Fault(message=f"`__all__` names {', '.join(missing)}, which {source.module} does not have.", place=place)
    forgotten = sorted(names.own - set(promised))
    if forgotten and source.path.name == "__init__.py":  # what modules share among themselves is their affair
        message = f"{', '.join(forgotten)} {'is' if len(forgotten) == 1 else 'are'} public but not in `__all__`."
        yield Fault(message=message, place=place)


def _literal(names: Iterable[str]) -> str:
    return f"__all__ = [{', '.join(f'{chr(34)}{name}{chr(34)}' for name in sorted(names))}]"


def _names(source: Source, top: str) -> _Names:
    names = _Names()
    _gather(source.tree.body if source.tree else [], names, source, top)
    return names


def _gather(body: Iterable[ast.stmt], names: _Names, source: Source, top: str) -> None:
    """Collect what the statements bind, inside `if`, `try` and `with` too."""
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            _add(names.own, statement.name)
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            _gather_import(statement, names, source, top)
        elif isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.dump(statement.test):
            unseen = _Names()
            _gather(statement.body, unseen, source, top)
            names.other |= unseen.own | unseen.other
            _gather(statement.orelse, names, source, top)
        elif isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
            _gather_assignment(statement, names)
        else:
            _gather(_inner(statement), names, source, top)


def _inner(statement: ast.stmt) -> list[ast.stmt]:
    parts = [getattr(statement, name, []) for name in ("body", "orelse", "finalbody")]
    handlers = [handler.body for handler in getattr(statement, "handlers", [])]
    return [each for part in [*parts, *handlers] for each in part]


def _gather_import(statement: ast.Import | ast.ImportFrom, names: _Names, source: Source, top: str) -> None:
    """A package's `__init__` takes over what it imports from its own modules; elsewhere an import is a tool."""
    inside = isinstance(statement, ast.ImportFrom) and (
        statement.level > 0 or statement.module == top or (statement.module or "").startswith(f"{top}.")
    )
    target = names.own if inside and source.path.name == "__init__.py" else names.other
    for alias in statement.names:
        if alias.name == "*":
            names.star = True
        else:
            _add(target, alias.asname or alias.name.split(".")[0])


def _gather_assignment(statement: ast.Assign | ast.AnnAssign | ast.AugAssign, names: _Names) -> None:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    for target in targets:
        for node in (target,) if isinstance(target, ast.Name) else ast.walk(target):
            if isinstance(node, ast.Name) and node.id == "__all__":
                names.promised = _strings(statement) if names.line is None else None
                names.line = statement.lineno
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                _add(names.own, node.id)


def _strings(statement: ast.Assign | ast.AnnAssign | ast.AugAssign) -> list[str] | None:
    """The elements of a literal list or tuple of strings; None for anything else."""
    value = statement.value
    if isinstance(statement, ast.AugAssign) or not isinstance(value, ast.List | ast.Tuple):
        return None
    found = [node.value for node in value.elts if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return found if len(found) == len(value.elts) else None


def _add(names: set[str], name: str) -> None:
    if not name.startswith("_"):
        names.add(name)


def _lazy_names(tree: ast.Module | None) -> set[str]:
    """With a module `__getattr__`, the strings outside `__all__`: the names it can answer for are among them."""
    body = tree.body if tree else []
    if not any(isinstance(node, ast.FunctionDef) and node.name == "__getattr__" for node in body):
        return set()
    rest = [node for node in body if "'__all__'" not in ast.dump(node)[:200]]
    strings = (node.value for part in rest for node in ast.walk(part) if isinstance(node, ast.Constant))
    return {text for text in strings if isinstance(text, str)}


@rule("PK21")
def version_from_metadata(subject: Subject) -> Iterator[Fault]:
    """__version__ comes from the installed metadata.

    Answer for __version__ in the `__getattr__` of `__init__.py` with
    importlib.metadata.version("maestro-<folder>"), and assign it nowhere: the version stands in pyproject.toml.
    """
    for source in subject.sources.values():
        if not source.mentions("__version__"):
            continue
        for node in ast.walk(source.tree or ast.Module([], [])):
            if isinstance(node, ast.Assign | ast.AnnAssign) and _assigns_version(node):
                yield Fault(message="`__version__` is assigned.", place=source.place(node.lineno))
    init = subject.sources.get(subject.package.import_name)
    if init is None or init.tree is None:
        return
    answering = next((n for n in init.tree.body if isinstance(n, ast.FunctionDef) and n.name == "__getattr__"), None)
    if answering is None or "'__version__'" not in ast.dump(answering):
        yield Fault(message="`__getattr__` of __init__.py does not answer for `__version__`.", place=init.place(1))
        return
    yield from _other_distribution(subject, init, answering)


def _other_distribution(subject: Subject, init: Source, answering: ast.FunctionDef) -> Iterator[Fault]:
    """A copied `__init__` that still asks for the version of the package it was copied from."""
    for node in ast.walk(answering):
        asked = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        if isinstance(node, ast.Constant) and asked.startswith(PREFIX) and asked != subject.package.distribution:
            yield Fault(message=f"`__version__` is that of {asked}.", place=init.place(node.lineno))


def _assigns_version(node: ast.Assign | ast.AnnAssign) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return any(isinstance(target, ast.Name) and target.id == "__version__" for target in targets)


RULES = (all_is_public, version_from_metadata)
