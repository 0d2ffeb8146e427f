"""A changelog with what was unreleased under its version and date, and an empty Unreleased above it.

Text in, text out: headings are written as the file writes its own, links are added where it has an Unreleased link, and
everything else stays as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tooling.model.changelog import LINK, parse_changelog

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from packaging.version import Version

    from tooling.model.changelog import Changelog

OVERRIDE = "Override of the API check"
_GROUP = "### Changed"
_UNRELEASED_LINK = re.compile(r"\[unreleased\]:\s*(\S+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One release to be written: its version, the one before it, its date, and lines to add (without a bullet)."""

    version: Version
    previous: Version
    date: date
    lines: Sequence[str] = ()


def override_line(reason: str, broken: Sequence[str]) -> str:
    """The line by which a release says that it breaks more than its version tells."""
    return f"{OVERRIDE}: {reason} Breaks {', '.join(f'`{name}`' for name in broken)}."


def override_in(text: str) -> str | None:
    """The reason for an override that a release's section records; None where it records none."""
    found = re.search(rf"{OVERRIDE}: (.+?) Breaks `", " ".join(text.split()))
    return found[1] if found else None


def released(text: str, entry: Entry) -> str:
    """Move what is under Unreleased to the version of `entry`, with its lines added."""
    changelog = parse_changelog(text)
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines()
    unreleased = changelog.unreleased
    if unreleased is None:
        at = changelog.sections[0].line - 1 if changelog.sections else len(lines)
        lines[at:at] = ["## [Unreleased]", ""]
    else:
        at = unreleased.line - 1
    heading = lines[at]
    stop = next((each.line - 1 for each in changelog.sections if each.line - 1 > at), len(lines))
    stop = stop if unreleased is not None else at + 2
    body = _with_lines(lines[at + 1 : stop], entry.lines, headed=_uses_headings(changelog))
    bracketed = "[" in heading
    version = f"[{entry.version}]" if bracketed else str(entry.version)
    lines[at + 1 : stop] = ["", f"## {version} - {entry.date:%Y-%m-%d}", *body]
    return end.join(_linked(lines, entry)) + (end if text.endswith(("\n", "\r")) or not text else "")


def _uses_headings(changelog: Changelog) -> bool:
    """Whether entries stand under third-level headings: as Unreleased has it, else as the latest release does."""
    told = [each for each in changelog.sections if each.entries]
    return bool(told) and any(told[0].entries.keys())


def _with_lines(body: list[str], added: Sequence[str], *, headed: bool) -> list[str]:
    """A section's lines with bullets added: under its heading Changed where it has headings, else at its end."""
    if not added:
        return body
    bullets = [f"- {line}" for line in added]
    if headed and _GROUP in body:
        start = body.index(_GROUP) + 1
        stop = next((n for n in range(start, len(body)) if body[n].startswith("### ")), len(body))
        return [*body[:start], *_appended(body[start:stop], bullets), *body[stop:]]
    return _appended(body, [_GROUP, "", *bullets] if headed else bullets, apart=headed)


def _appended(body: list[str], bullets: list[str], *, apart: bool = False) -> list[str]:
    """The bullets after the last line that says something; links at the end stay at the end."""
    last = max((n for n, line in enumerate(body) if line.strip() and not LINK.fullmatch(line.rstrip())), default=-1)
    if last < 0:
        return ["", *bullets, *body]
    return [*body[: last + 1], *([""] if apart else []), *bullets, *body[last + 1 :]]


def _linked(lines: list[str], entry: Entry) -> list[str]:
    """`[Unreleased]: …/name-v1.0.0...HEAD` goes on from the new version, which gets a link from the old one."""
    place = next((n for n, line in enumerate(lines) if _UNRELEASED_LINK.match(line)), None)
    if place is None:
        return lines
    link = _UNRELEASED_LINK.match(lines[place])
    assert link is not None
    base, dots, _head = link[1].rpartition("...")
    start = base.rpartition("/")[2]
    if not dots or not start.endswith(str(entry.previous)):
        return lines
    tag = start.removesuffix(str(entry.previous)) + str(entry.version)
    stem = base.removesuffix(start)
    return [
        *lines[:place],
        lines[place].replace(link[1], f"{stem}{tag}...HEAD"),
        f"[{entry.version}]: {stem}{start}...{tag}",
        *lines[place + 1 :],
    ]
