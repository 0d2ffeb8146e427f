"""An artifact's metadata: valid by the letter, showable in an index, and equal to what the package declares."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from packaging.markers import Marker
from packaging.metadata import Metadata
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tooling.effects.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tooling.model.package import Package


def metadata_faults(package: Package, text: bytes) -> list[Fault]:
    """Everything wrong with the text of a METADATA or PKG-INFO file."""
    try:
        metadata = Metadata.from_email(text, validate=True)
    except ExceptionGroup as group:
        remedy = "Correct what it comes from in pyproject.toml."
        return [
            Fault(code="BD05", what=f"its metadata is invalid: {reason}", remedy=remedy) for reason in _leaves(group)
        ]
    return [*_differences(package, metadata), *_description(metadata)]


def _leaves(error: BaseException) -> list[str]:
    if isinstance(error, BaseExceptionGroup):
        return [text for inner in error.exceptions for text in _leaves(inner)]
    return [str(error).rstrip(".")]


def _differences(package: Package, metadata: Metadata) -> Iterator[Fault]:
    declared: dict[str, object] = {
        "name": package.distribution,
        "version": package.version,
        "Python range": package.requires_python,
        "extras": set(package.extras),
    }
    built: dict[str, object] = {
        "name": canonicalize_name(metadata.name),
        "version": metadata.version,
        "Python range": metadata.requires_python or type(package.requires_python)(),
        "extras": {canonicalize_name(extra) for extra in metadata.provides_extra or ()},
    }
    for field, value in declared.items():
        if built[field] != value:
            yield _difference(f"its {field} is {built[field]}, declared is {value}")
    present = {_normal(requirement) for requirement in metadata.requires_dist or ()}
    wanted = _unfolded(package)
    if present == {conditional(requirement, extra) for requirement, extra in package.all_requirements()}:
        return
    for requirement in sorted(map(str, wanted - present)):
        yield _difference(f"it lacks the requirement {requirement}")
    for requirement in sorted(map(str, present - wanted)):
        yield _difference(f"it requires {requirement}, which pyproject.toml does not declare")


def _difference(what: str) -> Fault:
    return Fault(code="BD06", what=what, remedy="Declare everything in [project], and let no build hook change it.")


def _unfolded(package: Package) -> set[Requirement]:
    """What is declared, an extra that names other extras of its own package holding what they hold.

    Hatchling writes it so; other backends write it as it is declared. Both mean the same to an installer.
    """

    def members(extra: str, seen: frozenset[str]) -> Iterator[Requirement]:
        for each in package.extras.get(extra, ()):
            if canonicalize_name(each.name) != package.distribution or each.marker:
                yield each
                continue
            for inner in map(canonicalize_name, each.extras):
                if inner not in seen:
                    yield from members(inner, seen | {inner})

    return {
        *map(_normal, package.requirements),
        *(conditional(each, extra) for extra in package.extras for each in members(extra, frozenset({extra}))),
    }


def _normal(requirement: Requirement) -> Requirement:
    """The requirement with the extras it asks for spelt as PEP 685 normalises them."""
    normal = Requirement(str(requirement))
    normal.extras = {canonicalize_name(extra) for extra in requirement.extras}
    return normal


def conditional(requirement: Requirement, extra: str | None) -> Requirement:
    """The requirement as metadata has it: one of an extra applies where that extra was asked for."""
    if extra is None:
        return _normal(requirement)
    before = f"({requirement.marker}) and " if requirement.marker else ""
    plain = _normal(requirement)
    plain.marker = Marker(f'{before}extra == "{extra}"')
    return plain


def _description(metadata: Metadata) -> Iterator[Fault]:
    """Do as an index would: Markdown and plain text always render, reStructuredText may not (`twine check`)."""
    if not (metadata.description or "").strip():
        yield Fault(code="BD07", what="its description is empty", remedy="Name a README with text in it in [project].")
    elif metadata.description_content_type is None:
        what = "its description has no content type"
        yield Fault(code="BD07", what=what, remedy="Give the README the ending .md, .rst or .txt.")
    elif metadata.description_content_type.startswith("text/x-rst"):
        yield from _rendering(metadata.description or "")


def _rendering(description: str) -> Iterator[Fault]:
    from readme_renderer import rst

    warnings = io.StringIO()
    if rst.render(description, stream=warnings) is None:
        reason = " ".join(warnings.getvalue().split())
        yield Fault(code="BD07", what=f"its description does not render: {reason}", remedy="Correct the README.")
