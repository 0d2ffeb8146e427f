"""A package as it is at birth: what is asked for, whether that can be, and the text of every file."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tooling.errors import MaestroError, UsageError, raise_all
from tooling.model.package import PREFIX, distribution_of, import_name_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from tooling.model.document import Document
    from tooling.model.package import Package
    from tooling.model.workspace import Workspace

FIRST_VERSION = "1.0.0"
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST_NAME, _LONGEST_SENTENCE = 39, 110  # no line of what is made gets too long
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


def files_of(new: NewPackage) -> dict[str, str]:
    """The text of every file by its path inside the package's folder."""
    words = {
        "distribution": distribution_of(new.name),
        "module": import_name_of(new.name),
        "sentence": new.description,
        "docstring": _docstring(new),
        "version": FIRST_VERSION,
        "born": new.born.isoformat(),
    }
    source = f"src/{words['module']}"
    return {
        "pyproject.toml": _manifest(new),
        "README.md": _README.format(**words),
        "CHANGELOG.md": _CHANGELOG.format(**words),
        "LICENSE": new.license_text,
        f"{source}/__init__.py": _INIT.format(**words),
        f"{source}/py.typed": "",
        f"{source}/versions.py": _versions(new),
        "tests/test_readme.py": _TEST_README,
        "tests/test_versions.py": _TEST.format(**words),
    }


def _docstring(new: NewPackage) -> str:
    """The description, where it can stand in a docstring as it is."""
    plain = len(new.description) <= _LONGEST_SENTENCE and not set('"\\') & set(new.description)
    sentence = new.description if plain else f"The package {distribution_of(new.name)}"
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."


def _manifest(new: NewPackage) -> str:
    requirements = sorted(f"{need.distribution}>={need.version}" for need in new.needs)
    pythons = [f"Programming Language :: Python :: {python}" for python in new.pythons]
    return _MANIFEST.format(
        name=_toml(distribution_of(new.name)),
        version=_toml(FIRST_VERSION),
        sentence=_toml(new.description),
        floor=new.pythons[0],
        license=_toml(new.license),
        classifiers=_array([*pythons, "Typing :: Typed"]),
        dependencies=_array(requirements) if requirements else "[]",
        test=_array(new.test_group),
    )


def _toml(text: str) -> str:
    """A basic string of TOML, which for one line of text is written as JSON writes it."""
    return json.dumps(text, ensure_ascii=False)


def _array(items: Sequence[str]) -> str:
    return "[\n" + "".join(f"    {_toml(item)},\n" for item in items) + "]"


def _versions(new: NewPackage) -> str:
    """The example: it uses each need, so that none is required for nothing."""
    needs = sorted(new.needs, key=lambda need: need.import_name)
    distribution = distribution_of(new.name)
    return _VERSIONS.format(
        imports="".join(f"import {need.import_name}\n" for need in needs) + ("\n" if needs else ""),
        entries="".join(
            f"        {name},\n"
            for name in [
                f'"{distribution}": version("{distribution}")',
                *(f'"{need.distribution}": {need.import_name}.__version__' for need in needs),
            ]
        ),
    )


_MANIFEST = """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = {name}
version = {version}
description = {sentence}
readme = "README.md"
requires-python = ">={floor}"
license = {license}
license-files = ["LICENSE"]
classifiers = {classifiers}
dependencies = {dependencies}

[dependency-groups]
test = {test}
"""

_README = """\
# {distribution}

{sentence}

```console
pip install {distribution}
```

```python
from {module} import installed_versions

assert "{distribution}" in installed_versions()
```
"""

_CHANGELOG = """\
# Changelog

All notable changes to this package are written here, after [Keep a Changelog](https://keepachangelog.com/en/1.1.0/);
versions follow [Semantic Versioning](https://semver.org/).

## [Unreleased]

## [{version}] - {born}

### Added

- First version.
"""

_INIT = '''\
"""{docstring}"""

from __future__ import annotations

from {module}.versions import installed_versions

__all__ = ["installed_versions"]


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import version

        return version("{distribution}")
    raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")
'''

_VERSIONS = '''\
"""Which versions work together here: an example, to be replaced."""

from __future__ import annotations

from importlib.metadata import version

{imports}
def installed_versions() -> dict[str, str]:
    """Return the version of this package and of each `maestro-*` package it needs, by distribution name."""
    return {{
{entries}    }}
'''

_TEST = '''\
"""The example says what is installed."""

from __future__ import annotations

import {module} as package


def test_the_version_is_that_of_the_installed_distribution() -> None:
    assert package.installed_versions()["{distribution}"] == package.__version__
'''

_TEST_README = '''\
"""The README runs, from top to bottom."""

from __future__ import annotations

from pathlib import Path

from mktestdocs import check_md_file  # type: ignore[import-untyped]

README = Path(__file__).parents[1] / "README.md"


def test_every_python_block_of_the_readme_runs() -> None:
    check_md_file(str(README), memory=True)
'''
