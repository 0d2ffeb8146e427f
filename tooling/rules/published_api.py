"""The rule about what users of the last release would notice, for runs that looked at the published wheels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tooling.model.changelog_text import override_in
from tooling.rules.rule import Fault, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tooling.rules.subject import Subject


def _was_compared(subject: Subject) -> bool:
    return subject.house.broken is not None


@rule("PK22", informed=_was_compared)
def version_tells_breaks(subject: Subject) -> Iterator[Fault]:
    """The version tells what the public API did.

    Keep the names that users have, or raise the version in the same change: `invoke bump --package NAME --auto`, or,
    with a reason that goes into the changelog, --part and --override.
    """
    found = (subject.house.broken or {}).get(subject.package.name)
    if found is None or _overridden(subject):
        return
    version = subject.package.version
    for what in found.what:
        message = f"{what}, against the published {found.since}; {version} is too low for that, {found.least} would do."
        yield Fault(message=message, place=subject.document.place("project", "version"))


def _overridden(subject: Subject) -> bool:
    """Whether the changelog's section of the version that stands there gives the reason."""
    sections = subject.changelog.sections if subject.changelog else ()
    return any(each.version == subject.package.version and override_in(each.text) for each in sections)


RULES = (version_tells_breaks,)
