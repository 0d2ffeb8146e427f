"""A changelog as its releases: the headings of Keep a Changelog, and whether anything stands under them."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADING = re.compile(r"##[ \t]+\[?(?P<name>[^\]\s]+)\]?(?:[ \t]+-[ \t]+(?P<date>\S+))?")
_UNRELEASED = "unreleased"
_FENCE = re.compile(r"[ ]{0,3}(```|~~~)")
LINK = re.compile(r"[ ]{0,3}\[[^\]]+\]:\s*\S+")
"""A line that gives a link its address, and says nothing to readers."""
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One second-level heading: its `version` (None: Unreleased or not a version), one-based `line`, and its text.

    `date` is the day of the release; None where none is said, or not as ISO 8601 has it.
    """

    name: str
    version: Version | None
    date: date | None
    line: int
    text: str

    @property
    def unreleased(self) -> bool:
        """Whether this is what the next release will say."""
        return self.name.lower() == _UNRELEASED

    @property
    def entries(self) -> dict[str, str]:
        """What is said, by third-level heading (`""`: under none), without empty headings, links and comments."""
        found: dict[str, list[str]] = {}
        heading = ""
        for line, fenced in _fenced(_COMMENT.sub("", self.text).splitlines()):
            if line.startswith("### ") and not fenced:
                heading = line[4:].strip()
            elif line.strip() and (fenced or not LINK.fullmatch(line.rstrip())):
                found.setdefault(heading, []).append(line)
        return {heading: "\n".join(lines) for heading, lines in found.items()}


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
    """Read the second-level headings of a changelog (https://keepachangelog.com/en/1.1.0/), outside of code blocks."""
    lines = text.splitlines()
    headings = [
        (number, match)
        for number, (line, fenced) in enumerate(_fenced(lines))
        if not fenced and (match := _HEADING.match(line))
    ]
    starts = [*(number for number, _ in headings), len(lines)]
    return Changelog(
        sections=tuple(
            _section(match, start, lines[start + 1 : end])
            for (start, match), end in zip(headings, starts[1:], strict=True)
        )
    )


def _fenced(lines: list[str]) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it belongs to a fenced code block."""
    fence = ""
    for line in lines:
        mark = _FENCE.match(line)
        yield line, bool(fence) or mark is not None
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1] == fence:
            fence = ""


def _section(heading: re.Match[str], start: int, body: list[str]) -> Section:
    version, day = None, None
    with suppress(InvalidVersion):
        version = Version(heading["name"])
    with suppress(ValueError):
        day = date.fromisoformat(heading["date"] or "")
    return Section(name=heading["name"], version=version, date=day, line=start + 1, text="\n".join(body).strip())
