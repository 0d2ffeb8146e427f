"""`invoke graph --impact NAME`: who would pick up a release, in the tree and among what is published."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

from tooling.faces.program import to_read

if TYPE_CHECKING:
    from packaging.requirements import Requirement
    from packaging.version import Version

    from tooling.model.package import Package
    from tooling.model.settings import Settings
    from tooling.model.workspace import Workspace
    from tooling.plan.impact import Dependent, Impact


def find_impacts(workspace: Workspace, package: Package, version: Version, settings: Settings) -> tuple[Impact, ...]:
    """Ask the tree and the index. An embedded index that was never filled has nothing, and is not begun."""
    from tooling.plan.impact import Dependent, impacts

    others = [each for each in workspace.packages.values() if each.name != package.name]
    tree = [
        Dependent(
            distribution=each.distribution, version=each.version, published=False, requirements=_requirements(each)
        )
        for each in others
    ]
    return impacts(
        package.distribution, version, [*tree, *_published(settings, [each.distribution for each in others])]
    )


def _requirements(package: Package) -> tuple[Requirement, ...]:
    """As published metadata has them: one of an extra says so in its marker."""
    from tooling.effects.metadata_inspection import conditional

    return tuple(conditional(requirement, extra) for requirement, extra in package.all_requirements())


def _published(settings: Settings, distributions: list[str]) -> tuple[Dependent, ...]:
    from tooling.effects.published_requirements import published_dependents
    from tooling.faces.live import Lines

    opening = to_read(settings, Lines(sys.stderr))
    if opening is None:
        return ()
    with opening() as connection:
        return published_dependents(connection.index, distributions)


def version_asked(text: str | None, package: Package) -> Version:
    """The version in the tree, or the one that was asked about.

    Raises:
        UsageError: IM01, when it is no version.
    """
    from packaging.version import InvalidVersion, Version

    from tooling.errors import UsageError

    try:
        return package.version if text is None else Version(text)
    except InvalidVersion:
        hint = "Write it as PEP 440 has it, such as 2.0.0 or 2.0.0rc1."
        raise UsageError("IM01", f"`{text}` is not a version.", hint) from None


def as_text(package: Package, version: Version, found: tuple[Impact, ...]) -> str:
    """A row for each requirement, and a line that counts."""
    from tooling.faces.words import table
    from tooling.plan.impact import Reaction

    if not found:
        return f"Nobody needs {package.distribution}."
    heads = ("package", "version", "where", "requires", f"{package.name} {version}")
    counts = Counter(each.reaction for each in found)
    told = ", ".join(f"{counts[each]} {each.value}" for each in Reaction if counts[each])
    return f"{table(heads, map(_row, found))}\n\n{told}."


def _row(impact: Impact) -> tuple[str, ...]:
    dependent = impact.dependent
    where = "index" if dependent.published else "tree"
    requires = "only an sdist is there" if impact.requirement is None else _versions(impact.requirement)
    return dependent.distribution, str(dependent.version), where, requires, impact.reaction.value


def _versions(requirement: Requirement) -> str:
    marker = f"; {requirement.marker}" if requirement.marker else ""
    return f"{requirement.specifier or 'any version'}{marker}"


def as_json(package: Package, version: Version, found: tuple[Impact, ...]) -> dict[str, object]:
    """The same as one object."""
    return {
        "command": "graph",
        "ok": True,
        "exit_code": 0,
        "package": package.name,
        "version": str(version),
        "impact": [
            {
                "distribution": each.dependent.distribution,
                "version": str(each.dependent.version),
                "where": "index" if each.dependent.published else "tree",
                "requirement": None if each.requirement is None else str(each.requirement),
                "reaction": each.reaction.name.lower(),
            }
            for each in found
        ],
    }
