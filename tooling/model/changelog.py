"""A changelog as its releases: the headings of Keep a Changelog, and whether anything stands under them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

_HEADING = re.compile(r"##[ \t]+\[?(?P<name>[^\]\s]+)\]?(?:[ \t]+-[ \t]+(?P<date>\S+))?")
_UNRELEASED = "unreleased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One second-level heading: its `version` (None: Unreleased or not a version), one-based `line`, and its text."""

    name: str
    version: Version | None
    line: int
    text: str

    @property
    def unreleased(self) -> bool:
        """Whether this is what the next release will say."""
        return self.name.lower() == _UNRELEASED


@dataclass(frozen=True, slots=True, kw_only=True)
class Changelog:
    """The sections in the file's order."""

    sections: tuple[Section, ...]

    @property
    def versions(self) -> tuple[Version, ...]:
        """The released versions, in the file's order."""
        return tuple(section.version for section in self.sections if section.version is not None)

    @property
    def unreleased(self) -> Section | None:
        """The Unreleased section, if there is one."""
        return next((section for section in self.sections if section.unreleased), None)


def parse_changelog(text: str) -> Changelog:
    """Read the second-level headings of a changelog (https://keepachangelog.com/en/1.1.0/)."""
    lines = text.splitlines()
    headings = [(number, match) for number, line in enumerate(lines) if (match := _HEADING.match(line))]
    starts = [*(number for number, _ in headings), len(lines)]
    return Changelog(
        sections=tuple(
            _section(match["name"], start, lines[start + 1 : end])
            for (start, match), end in zip(headings, starts[1:], strict=True)
        )
    )


def _section(name: str, start: int, body: list[str]) -> Section:
    try:
        version = Version(name)
    except InvalidVersion:
        version = None
    return Section(name=name, version=version, line=start + 1, text="\n".join(body).strip())
