"""One requirement's text with another range in it: name, extras, marker and spaces stay as they were written (PEP 508).

A range that excludes a version is moved, clause by clause, to admit it: floors go up to the version, a cap goes as far
beyond it as it was fine: `>=1.4,<2` for 2.3.1 becomes `>=2.3.1,<3`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.specifiers import Specifier
from packaging.version import Version

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

    from tooling.model.versioning import Floor

_TEXT = re.compile(
    r"(?P<head>\s*[A-Za-z0-9][A-Za-z0-9._-]*(?:\s*\[[^\]]*\])?)"
    r"(?P<open>\s*\(\s*|\s*(?=[<>=!~])|)(?P<range>[^;()]*?)(?P<close>\s*\)|)(?P<tail>\s*(?:;.*)?)",
    re.DOTALL,
)
_CLAUSE = re.compile(r"(?P<space>\s*)(?P<operator>===|==|~=|!=|<=|>=|<|>)(?P<gap>\s*)(?P<version>[^\s,]+)(?P<end>\s*)")
_FLOORS = frozenset({">=", "==", "===", "~="})


def admits(specifier: SpecifierSet, version: Version) -> bool:
    """Whether a range takes a version, pre-releases like any other: installers take them where they must (PEP 440)."""
    return specifier.contains(version, prereleases=True)


def lowest_of(requirement: Requirement) -> tuple[Version, ...]:
    """The versions that a requirement names as its lowest; `==1.*` names none."""
    clauses = [each for each in requirement.specifier if each.operator in _FLOORS]
    return tuple(Version(each.version) for each in clauses if not each.version.endswith(".*"))


def in_order(requirement: Requirement) -> str:
    """The requirement in normal form, floors before caps, as people write it."""
    ranks = {">=": 0, ">": 0, "~=": 0, "==": 0, "===": 0, "<": 1, "<=": 1}
    clauses = sorted(requirement.specifier, key=lambda each: (ranks.get(each.operator, 2), str(each)))
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    marker = f"; {requirement.marker}" if requirement.marker else ""
    return f"{requirement.name}{extras}{','.join(map(str, clauses))}{marker}"


def needs_edit(requirement: Requirement, version: Version, floor: Floor) -> bool:
    """Whether the policy of an edge has the requirement rewritten, now that what it names is at `version`."""
    if not admits(requirement.specifier, version):
        return True
    if floor == "exact":
        return [(each.operator, each.version) for each in requirement.specifier] != [("==", str(version))]
    return floor == "latest" and version not in lowest_of(requirement)


def with_version(text: str, version: Version, floor: Floor) -> str:
    """The requirement's text with its range moved to `version`; `text` is valid PEP 508 and names no address."""
    found = _TEXT.fullmatch(text)
    assert found is not None, text
    moved = f"=={version}" if floor == "exact" else _moved(found["range"], version)
    edited = f"{found['head']}{found['open']}{moved}{found['close']}{found['tail']}"
    assert admits(Requirement(edited).specifier, version), edited
    return edited


def _moved(text: str, version: Version) -> str:
    clauses = [each for each in text.split(",") if each.strip()]
    admits = all(Specifier(each.strip()).contains(version, prereleases=True) for each in clauses)
    kept = [moved for clause in clauses if (moved := _clause(clause, version)) is not None]
    if not any(re.match(r"\s*(?:>=|==|~=)(?!.*\*)", each) for each in kept):
        kept = [f">={version}", *(each if admits else each.lstrip() for each in kept)]
    return ",".join(kept)


def _clause(text: str, version: Version) -> str | None:
    """One clause, moved; None for one that has to go."""
    found = _CLAUSE.fullmatch(text)
    assert found is not None, text
    operator, written = found["operator"], found["version"]
    if operator == "~=":
        return _compatible(found, version)
    if operator in {">=", ">", "==", "==="}:
        operator, new = operator.replace(">=", ">").replace(">", ">="), str(version)
        if written.endswith(".*"):
            new = _start(version, len(Version(written[:-2]).release)) + ".*"
    elif Specifier(f"{operator}{written}").contains(version, prereleases=True):
        new = written
    elif operator == "!=":
        return None
    else:
        new = _cap(Version(written), version) if operator == "<" else str(version)
    return f"{found['space']}{operator}{found['gap']}{new}{found['end']}"


def _compatible(found: re.Match[str], version: Version) -> str:
    """`~=1.4` says two things: from 1.4, and below 2. They are said apart where the version has more numbers."""
    length = len(Version(found["version"]).release)
    if len(version.release) <= length:
        label = str(version).removeprefix(_start(version, len(version.release)))
        return f"{found['space']}~={found['gap']}{_start(version, length)}{label}{found['end']}"
    if not any(version.release[length:]) and not (version.is_prerelease or version.is_postrelease):
        return f"{found['space']}~={found['gap']}{_start(version, length)}{found['end']}"
    gap = found["gap"]
    return f"{found['space']}>={gap}{version},<{gap}{_beyond(version, length - 1)}{found['end']}"


def _cap(old: Version, version: Version) -> str:
    """The next border as fine as the old one: behind `<2` and `<2.0` stand first numbers, behind `<1.5` second ones."""
    numbers = old.release
    while len(numbers) > 1 and not numbers[-1]:
        numbers = numbers[:-1]
    fineness = 1 if old.release[0] == 0 < version.release[0] else len(numbers)
    border = _beyond(version, fineness)
    return border + ".0" * (len(old.release) - border.count(".") - 1)


def _beyond(version: Version, length: int) -> str:
    """The version after every one that begins with the same `length` numbers."""
    numbers = [*version.release, *[0] * length][:length]
    numbers[-1] += 1
    return _epoch(version) + ".".join(map(str, numbers))


def _start(version: Version, length: int) -> str:
    return _epoch(version) + ".".join(map(str, [*version.release, *[0] * length][:length]))


def _epoch(version: Version) -> str:
    return f"{version.epoch}!" if version.epoch else ""
