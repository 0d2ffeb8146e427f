"""Rules about what a package calls itself: its names, licence, Pythons, description and build system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from tooling.model.package import distribution_of
from tooling.rules.rule import Fault, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tooling.rules.subject import Subject

_CAPS = ("<", "<=", "==", "===", "~=")
_LEFT_BEHIND = (".egg-info", "__pycache__", ".dist-info")


@rule("PK01")
def names_agree(subject: Subject) -> Iterator[Fault]:
    """Folder, distribution and import name agree.

    Name the folder in lower case with hyphens (core-logging), the project maestro-<folder>, and the only folder
    under src/ maestro_<folder> with underscores.
    """
    package = subject.package
    if package.name != canonicalize_name(package.name):
        message = f"The folder {package.name} is not lower case with single hyphens."
        yield Fault(message=message, place=subject.place("."))
    wanted = distribution_of(canonicalize_name(package.name))
    if subject.document.get("project", "name") != wanted:
        message = f"The project is called {subject.document.get('project', 'name')}; its folder asks for {wanted}."
        yield Fault(message=message, place=subject.document.place("project", "name"))
    module = wanted.replace("-", "_")
    if not (package.folder / "src" / module / "__init__.py").is_file():
        yield Fault(message=f"There is no src/{module}/__init__.py.", place=subject.place("src"))
    for other in sorted((package.folder / "src").glob("*")):
        if other.name != module and not other.name.endswith(_LEFT_BEHIND):
            message = f"src/ holds {other.name} besides {module}; a wheel holds one import package."
            yield Fault(message=message, place=subject.place(f"src/{other.name}"))


@rule("PK02")
def licence_declared(subject: Subject) -> Iterator[Fault]:
    """The licence is declared as the repository's.

    Write the root's `license` (an SPDX expression, PEP 639) and license-files = ["LICENSE"]; no License
    classifier.
    """
    document = subject.document
    wanted, found = subject.house.document.get("project", "license"), document.get("project", "license")
    if not isinstance(found, str) or wanted not in (None, found):
        message = f"`license` is {found!r}; the repository's is {wanted!r}."
        yield Fault(message=message, place=document.place("project", "license"))
    if document.get("project", "license-files") != ["LICENSE"]:
        message = '`license-files` is not ["LICENSE"].'
        yield Fault(message=message, place=document.place("project", "license-files"))
    for classifier in _classifiers(subject):
        if classifier.startswith("License ::"):
            message = f"The classifier `{classifier}` repeats `license`, and PEP 639 forbids both."
            yield Fault(message=message, place=document.place("project", "classifiers", value=classifier))


@rule("PK03")
def licence_copied(subject: Subject) -> Iterator[Fault]:
    """The LICENSE is the repository's.

    Copy the root's LICENSE into the package: a wheel or an sdist carries its own.
    """
    found = subject.text("LICENSE")
    if found is None:
        yield Fault(message="There is no LICENSE.", place=subject.place("LICENSE"))
    elif found != subject.house.license:
        yield Fault(message="The LICENSE differs from the root's.", place=subject.place("LICENSE"))


@rule("PK04")
def pythons_agree(subject: Subject) -> Iterator[Fault]:
    """The Python range and the classifiers agree.

    Write requires-python = ">=3.N" without an upper end, one classifier `Programming Language :: Python :: 3.N`
    per version the package is tested on, beginning with the lowest, and keep to versions that all its needs
    support.
    """
    package, document = subject.package, subject.document
    place = document.place("project", "requires-python")
    floors = [each.version for each in package.requires_python if each.operator == ">="]
    if not floors:
        yield Fault(message="`requires-python` names no lowest version.", place=place)
    capped = [str(each) for each in package.requires_python if each.operator in _CAPS]
    if capped:
        yield Fault(message=f"`{', '.join(sorted(capped))}` in `requires-python` shuts out later Pythons.", place=place)
    if package.pythons[:1] != tuple(floors[:1]):
        lowest, floor = next(iter(package.pythons), "none"), next(iter(floors), "none")
        message = f"The lowest Python among the classifiers is {lowest}, in `requires-python` it is {floor}."
        yield Fault(message=message, place=document.place("project", "classifiers"))
    for need in subject.house.workspace.needs[package.name]:
        needed = subject.house.workspace.packages[need.package].requires_python
        left_out = [python for python in package.pythons if python not in needed]
        if left_out:
            message = f"{need.package}, which it needs, does not run on Python {', '.join(left_out)}."
            yield Fault(message=message, place=document.place("project", "classifiers"))


@rule("PK05")
def described(subject: Subject) -> Iterator[Fault]:
    """The package has a description.

    Say in one line of `description` what the package is for; the index and the root README show it.
    """
    description = subject.document.get("project", "description")
    if not isinstance(description, str) or not description.strip():
        message = "There is no `description`."
        yield Fault(message=message, place=subject.document.place("project", "description"))
    elif "\n" in description.strip():
        message = "`description` has more than one line."
        yield Fault(message=message, place=subject.document.place("project", "description"))


@rule("PK06")
def built_by_hatchling(subject: Subject) -> Iterator[Fault]:
    """The build backend is hatchling.

    Write build-backend = "hatchling.build" and requires = ["hatchling>=1.27"] (1.27 is the first to know PEP
    639).
    """
    package, document = subject.package, subject.document
    if package.build_backend != "hatchling.build":
        message = f"The build backend is {package.build_backend}."
        yield Fault(message=message, place=document.place("build-system", "build-backend"))
    if [canonicalize_name(each.name) for each in package.build_requires] != ["hatchling"]:
        message = "The build requires something other than hatchling alone."
        yield Fault(message=message, place=document.place("build-system", "requires"))


@rule("PK07")
def no_tool_tables(subject: Subject) -> Iterator[Fault]:
    """No tool is set up in a package.

    Take the table out; every tool's settings stand once, in the root pyproject.toml.
    """
    tables = subject.document.get("tool")
    for name in tables if isinstance(tables, dict) else ():
        yield Fault(message=f"There is a [tool.{name}] table.", place=subject.document.place("tool", name))


def _classifiers(subject: Subject) -> tuple[str, ...]:
    found = subject.document.get("project", "classifiers")
    return tuple(found) if isinstance(found, list) else ()


RULES = (
    names_agree,
    licence_declared,
    licence_copied,
    pythons_agree,
    described,
    built_by_hatchling,
    no_tool_tables,
)
