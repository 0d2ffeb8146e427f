"""Rules about the files a package consists of: its README, its changelog, its marker of types, its tests."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from tooling.errors import Place
from tooling.rules.rule import Fault, rule
from tooling.rules.source import read_source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tooling.model.changelog import Changelog
    from tooling.rules.subject import Subject


@rule("PK10")
def readme_complete(subject: Subject) -> Iterator[Fault]:
    """The README tells how to install, and shows an example.

    Write README.md, name it as `readme`, and give it the line `pip install maestro-<folder>` and a ```python
    block.
    """
    if subject.document.get("project", "readme") != "README.md":
        message = '`readme` is not "README.md".'
        yield Fault(message=message, place=subject.document.place("project", "readme"))
    text, place = subject.text("README.md"), subject.place("README.md")
    if text is None:
        yield Fault(message="There is no README.md.", place=place)
        return
    line = f"pip install {subject.package.distribution}"
    if not re.search(rf"^\W*{re.escape(line)}(?![\w.-])", text, re.MULTILINE):
        yield Fault(message="The README has no line that installs the package.", place=place, paste=line)
    if not re.search(r"^```python\b", text, re.MULTILINE):
        yield Fault(message="The README has no ```python block.", place=place)


@rule("PK11")
def changelog_current(subject: Subject) -> Iterator[Fault]:
    """The changelog has the current version.

    Give CHANGELOG.md a section `## [X.Y.Z] - date` for the version in pyproject.toml, or say under `##
    [Unreleased]` what it will bring (https://keepachangelog.com).
    """
    changelog, version = subject.changelog, subject.package.version
    if changelog is None:
        yield Fault(message="There is no CHANGELOG.md.", place=subject.place("CHANGELOG.md"))
        return
    coming = changelog.unreleased
    if version not in changelog.versions and not (coming and coming.text):
        message = f"Neither {version} nor anything unreleased stands in the changelog."
        yield Fault(message=message, place=subject.place("CHANGELOG.md"))
    yield from _ahead(subject, changelog)


def _ahead(subject: Subject, changelog: Changelog) -> Iterator[Fault]:
    """A release in the changelog that the manifest does not know of yet: one of the two was forgotten."""
    for section in changelog.sections:
        if section.version is not None and section.version > subject.package.version:
            message = f"The changelog has {section.version}, pyproject.toml is at {subject.package.version}."
            file = subject.package.folder / "CHANGELOG.md"
            yield Fault(message=message, place=Place(file=file, line=section.line, excerpt=f"## {section.name}"))


@rule("PK12")
def typed(subject: Subject) -> Iterator[Fault]:
    """The package is typed and says so.

    Put an empty py.typed beside the package's __init__.py (PEP 561) and add the classifier "Typing :: Typed".
    """
    path = f"src/{subject.package.import_name}/py.typed"
    if not (subject.package.folder / path).is_file():
        yield Fault(message=f"There is no {path}.", place=subject.place(path))
    classifiers = subject.document.get("project", "classifiers")
    if not isinstance(classifiers, list) or "Typing :: Typed" not in classifiers:
        message = 'The classifier "Typing :: Typed" is missing.'
        yield Fault(message=message, place=subject.document.place("project", "classifiers"))


@rule("PK13")
def tests_in_place(subject: Subject) -> Iterator[Fault]:
    """The tests lie outside the package and run its README.

    Keep tests in tests/ without an __init__.py, and let tests/test_readme.py call mktestdocs.check_md_file on
    the README.
    """
    tests = subject.package.folder / "tests"
    for extra in sorted(tests.rglob("__init__.py")):
        yield Fault(message="A test folder is no package.", place=Place(file=extra))
    for inside in sorted(subject.package.source.rglob("test_*.py")):
        yield Fault(message="A test would be shipped in the wheel.", place=Place(file=inside))
    path = tests / "test_readme.py"
    source = read_source(path, tests) if path.is_file() else None
    if source is None or "check_md_file" not in _called(source.tree):
        message = "No tests/test_readme.py runs the README's snippets."
        yield Fault(message=message, place=Place(file=path))


def _called(tree: ast.Module | None) -> set[str]:
    """The names of the functions a file calls."""
    calls = (node.func for node in ast.walk(tree or ast.Module([], [])) if isinstance(node, ast.Call))
    return {func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "") for func in calls}


@rule("PK14")
def sources_parse(subject: Subject) -> Iterator[Fault]:
    """Every source file parses.

    Correct the syntax at the line shown; rules that read source skip the file until then.
    """
    for source in subject.sources.values():
        if source.error is not None:
            message = f"{source.path.name} is not valid Python: {source.error.msg}."
            yield Fault(message=message, place=source.place(source.error.lineno))


RULES = (readme_complete, changelog_current, typed, tests_in_place, sources_parse)
