"""Rules about what a package requires, above all in house: floors that exist, imports that are declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from tooling.errors import Place
from tooling.model.document import masked
from tooling.model.package import PREFIX
from tooling.model.requirement_text import admits, lowest_of
from tooling.rules.rule import Fault, rule
from tooling.rules.source import read_source

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from packaging.version import Version

    from tooling.model.package import Need
    from tooling.rules.source import Import, Source
    from tooling.rules.subject import Subject

_MODULE_PREFIX = PREFIX.replace("-", "_")


def _has_in_house(subject: Subject) -> bool:
    name = subject.package.name
    workspace = subject.house.workspace
    return bool(workspace.needs[name] or workspace.strangers(name) or workspace.tested_with(name))


@rule("PK30", applies=_has_in_house)
def floors_exist(subject: Subject) -> Iterator[Fault]:
    """In-house floors name versions that exist.

    Require maestro-<folder>>=X.Y.Z, where X.Y.Z is a release (its changelog or the index has it) or the version
    in the workspace, and let the version in the workspace satisfy the requirement.
    """
    for requirement, extra in subject.house.workspace.strangers(subject.package.name):
        message = f"`{requirement}` is not in the workspace."
        yield Fault(message=message, place=_place(subject, requirement, extra))
    for need in subject.house.workspace.needs[subject.package.name]:
        for message in _floor_faults(subject, need):
            yield Fault(message=message, place=_place(subject, need.requirement, need.extra))
    for need in subject.house.workspace.tested_with(subject.package.name):
        for message in _floor_faults(subject, need):
            place = subject.document.place("dependency-groups", "test", value=str(need.requirement))
            yield Fault(message=f"In the group `test`, {message}", place=place)


def _floor_faults(subject: Subject, need: Need) -> Iterator[str]:
    version = subject.house.workspace.packages[need.package].version
    if not admits(need.requirement.specifier, version):
        yield f"`{need.requirement}` is not satisfied by {need.package} {version}, which is in the workspace."
    floors = lowest_of(need.requirement)
    if not floors:
        yield f"`{need.requirement}` names no lowest version."
    known = _released(subject, need.package)
    for floor in floors:
        if floor != version and floor not in known:
            yield f"`{need.requirement}`: there is no {need.package} {floor}."


def _released(subject: Subject, name: str) -> Collection[Version]:
    """What the index has, when it was asked and knows the project; else what the changelog calls released."""
    published = subject.house.published
    needed = subject.house.subject(name)
    if published is not None:
        return published.get(needed.package.distribution, ())
    return needed.changelog.versions if needed.changelog else ()


@rule("PK31", applies=_has_in_house)
def extras_exist(subject: Subject) -> Iterator[Fault]:
    """In-house extras exist.

    Name extras that the other package has under [project.optional-dependencies]; installers ignore others
    silently.
    """
    for need in subject.house.workspace.needs[subject.package.name]:
        known = subject.house.workspace.packages[need.package].extras
        unknown = sorted(each for each in need.requirement.extras if canonicalize_name(each) not in known)
        if unknown:
            message = f"{need.package} has no extra {', '.join(unknown)}."
            yield Fault(message=message, place=_place(subject, need.requirement, need.extra))


@rule("PK32")
def no_addresses(subject: Subject) -> Iterator[Fault]:
    """No requirement is a path or an address.

    Require a version from the index (name>=version): a path or an address exists only where it was written, and
    indexes refuse uploads with one.
    """
    package = subject.package
    declared = [*package.all_requirements(), *((each, None) for each in package.build_requires)]
    for requirement, extra in declared:
        if requirement.url is not None:
            message = f"`{masked(str(requirement))}` is an address."
            yield Fault(message=message, place=_place(subject, requirement, extra))
    for text in package.test_group:
        if _address(text):
            message = f"`{masked(text)}` in the group `test` is an address."
            yield Fault(message=message, place=subject.document.place("dependency-groups", "test", value=text))


def _address(text: str) -> bool:
    try:
        return Requirement(text).url is not None
    except InvalidRequirement:  # a path is no PEP 508 requirement at all
        return True


@rule("PK33")
def imports_declared(subject: Subject) -> Iterator[Fault]:
    """Every in-house import is declared.

    Add the imported package to `dependencies`; or to an extra, and import it inside the function that needs it,
    or in a module that importing the package does not reach.
    """
    required = {canonicalize_name(each.name) for each in subject.package.requirements}
    optional = {canonicalize_name(each.name) for each, extra in subject.package.all_requirements() if extra}
    reached = _reached(subject)
    for source in subject.sources.values():
        for distribution, found in _in_house(subject, source).items():
            if distribution in required:
                continue
            at_once = [each for each in found if each.eager and source.module in reached]
            if distribution not in optional:
                message = f"{source.module} imports {distribution}, which is not declared."
                yield Fault(message=message, place=source.place(found[0].line))
            elif at_once:
                message = f"Importing {subject.package.import_name} imports {distribution}, which only an extra brings."
                yield Fault(message=message, place=source.place(at_once[0].line))


def _in_house(subject: Subject, source: Source) -> dict[str, list[Import]]:
    """The imports of other `maestro_*` packages by distribution name."""
    found: dict[str, list[Import]] = {}
    for each in source.imports:
        top = each.module.split(".")[0]
        if top.startswith(_MODULE_PREFIX) and top != subject.package.import_name:
            found.setdefault(top.replace("_", "-"), []).append(each)
    return found


def _reached(subject: Subject) -> set[str]:
    """The package's modules that `import <package>` runs, by its eager imports."""
    reached: set[str] = set()
    waiting = [subject.package.import_name]
    while waiting:
        module = waiting.pop()
        source = subject.sources.get(module)
        if source is None or module in reached:
            continue
        reached.add(module)
        parents = [module.rpartition(".")[0]]  # a module's packages run before it
        waiting += [*parents, *(each.module for each in source.imports if each.eager)]
    return reached


@rule("PK34", applies=_has_in_house)
def requirements_used(subject: Subject) -> Iterator[Fault]:
    """Every in-house requirement is used.

    Take the requirement out, or import the package where it is needed: a requirement nobody uses makes every
    user install it and orders the publishing for nothing.
    """
    for need in subject.house.workspace.needs[subject.package.name]:
        module = subject.house.workspace.packages[need.package].import_name
        distribution = module.replace("_", "-")
        sources = subject.sources.values()
        if not any(distribution in _in_house(subject, each) or module in each.named_modules for each in sources):
            message = f"Nothing under src/ imports {module}."
            yield Fault(message=message, place=_place(subject, need.requirement, need.extra))


@rule("PK35")
def tooling_not_imported(subject: Subject) -> Iterator[Fault]:
    """The release tooling is not imported.

    Do without `tooling`: it is never uploaded, so no user and no test environment of a package has it.
    """
    tests = subject.package.folder / "tests"
    files = [read_source(path, tests) for path in sorted(tests.rglob("*.py"))]
    for source in [*subject.sources.values(), *files]:
        for each in source.imports:
            if each.module.split(".")[0] == "tooling":
                yield Fault(message=f"{source.path.name} imports {each.module}.", place=source.place(each.line))
                break


def _place(subject: Subject, requirement: Requirement, extra: str | None) -> Place:
    """The line on which the requirement stands, found by its name: its text may be spelt in another way."""
    keys = ("project", "optional-dependencies", extra) if extra else ("project", "dependencies")
    place = subject.document.place(*keys)
    lines = subject.document.text.splitlines()
    for number in range((place.line or 1) - 1, len(lines)):
        if f'"{requirement.name}' in lines[number] or f"'{requirement.name}" in lines[number]:
            return Place(file=place.file, line=number + 1, excerpt=masked(lines[number].strip()))
    return place


RULES = (
    floors_exist,
    extras_exist,
    no_addresses,
    imports_declared,
    requirements_used,
    tooling_not_imported,
)
