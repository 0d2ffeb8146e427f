"""A package to be made: what is asked for, and whether that can be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tooling.errors import MaestroError, UsageError, raise_all
from tooling.model.package import PREFIX, distribution_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from tooling.model.document import Document
    from tooling.model.package import Package
    from tooling.model.workspace import Workspace

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST_NAME = 39  # so that no line of what is made gets too long
_TAKEN_BY_SESSIONS = frozenset({"tooling"})  # `nox -s "test(tooling)"` is about something else
_CLASSIFIER = re.compile(r"Programming Language :: Python :: (3\.\d+)")
_TESTED_WITH = ("mktestdocs", "pytest")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPackage:
    """A package to be made: `name` of its folder, a `description` of one line, the packages it needs, its Pythons."""

    name: str
    description: str
    needs: tuple[Package, ...]
    pythons: tuple[str, ...]
    license: str
    license_text: str
    test_group: tuple[str, ...]
    born: date


def new_package(
    workspace: Workspace,
    root: Document,
    *,
    name: str,
    description: str | None,
    needs: Sequence[Package],
    license_text: str,
    today: date,
) -> NewPackage:
    """Decide what the package is, by what the root's `pyproject.toml` says and what its needs run on.

    Raises:
        UsageError: NP01 for the name, NP02 when it is taken, NP03 for the description, NP04 when there is no Python on
            which all its needs run. `ProblemsError`: several.
    """
    sentence = f"What {name} does, in a sentence." if description is None else description.strip()
    pythons = tuple(each for each in _pythons(workspace, root) if all(each in need.requires_python for need in needs))
    faults = [*_name_faults(workspace, name), *_sentence_faults(sentence)]
    if not pythons:
        message = f"No Python of this repository runs all that {name} needs."
        faults.append(UsageError("NP04", message, "Need fewer packages, or widen their `requires-python`."))
    raise_all(faults)
    return NewPackage(
        name=name,
        description=sentence,
        needs=tuple(needs),
        pythons=pythons,
        license=str(root.get("project", "license") or "MIT"),
        license_text=license_text,
        test_group=_test_group(root),
        born=today,
    )


def _name_faults(workspace: Workspace, name: str) -> list[MaestroError]:
    if not _NAME.fullmatch(name) or name.startswith(PREFIX) or len(name) > _LONGEST_NAME or name in _TAKEN_BY_SESSIONS:
        message = f"{name!r} cannot be the name of a package."
        better = canonicalize_name(name).removeprefix(PREFIX).strip("-")[:_LONGEST_NAME]
        right = _NAME.fullmatch(better) and better not in _TAKEN_BY_SESSIONS
        meant = f"Did you mean {better}? " if right and better != name else ""
        rule = f"Use lower-case words and single hyphens, like core-logging; {PREFIX} comes by itself."
        return [UsageError("NP01", message, f"{meant}{rule}")]
    if name in workspace.packages or distribution_of(name) in workspace.folders:
        return [UsageError("NP02", f"There is a package {name} already.", "Choose another name.")]
    return []


def _sentence_faults(sentence: str) -> list[MaestroError]:
    if sentence and sentence.isprintable():
        return []
    message = "The description is not one line of text."
    return [UsageError("NP03", message, "Say in one line what the package is for.")]


def _pythons(workspace: Workspace, root: Document) -> tuple[str, ...]:
    """Those that the root is for; where it does not say, all that any package is for."""
    declared = root.get("project", "classifiers")
    matches = (_CLASSIFIER.fullmatch(str(each)) for each in (declared if isinstance(declared, list) else ()))
    found = {match[1] for match in matches if match}
    found = found or {python for package in workspace.packages.values() for python in package.pythons}
    return tuple(sorted(found, key=Version))


def _test_group(root: Document) -> tuple[str, ...]:
    """What tests are written with, at the versions the root asks for."""
    declared = root.get("dependency-groups", "test")
    floors: dict[str, str] = {}
    for each in declared if isinstance(declared, list) else ():
        try:
            requirement = Requirement(str(each))
        except InvalidRequirement:  # a group it includes, or something that whoever resolves it speaks up about
            continue
        floors[requirement.name] = str(requirement)
    return tuple(floors.get(name, name) for name in _TESTED_WITH)
