"""What a release's tag is called: `NAME-vVERSION`, by the package's folder and the version as PEP 440 writes it.

A version so written holds no hyphen, so the last `-v` of a tag parts the two, whatever the package is called; and one
release has one tag: other spellings of a version (`1.0.0-rc1`, `v1.0.0`) are refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from tooling.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection

_BETWEEN = "-v"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One release: the `package` (folder name) and the `version` that a tag names."""

    package: str
    version: Version

    def __str__(self) -> str:
        """The tag itself."""
        return tag_of(self.package, self.version)


def tag_of(package: str, version: Version) -> str:
    """`core-logging`, `1.0.0` -> `core-logging-v1.0.0`."""
    return f"{package}{_BETWEEN}{version}"


def names_release(text: str) -> bool:
    """Whether a tag is of the form `NAME-vVERSION`, be there such a package or not."""
    package, _, written = text.rpartition(_BETWEEN)
    return bool(package) and _is_version(written)


def parse_tag(text: str, names: Collection[str]) -> Tag:
    """Read a tag, without `refs/tags/`; `names` are the folder names of the workspace.

    Raises:
        UsageError: GT10, when it names no package of these or no version, or writes the version in another way.
    """
    package, between, written = text.rpartition(_BETWEEN)
    if not between or not package:
        raise _no_release(text, "it is not NAME-vVERSION", "Name a tag such as core-logging-v1.0.0.")
    if package not in names:
        near = get_close_matches(package, names, n=1)
        hint = f"Did you mean {near[0]}{_BETWEEN}{written}?" if near else "`invoke list` tells the packages there are."
        raise _no_release(text, f"there is no package `{package}`", hint)
    try:
        tag = Tag(package=package, version=Version(written))
    except InvalidVersion:
        raise _no_release(text, f"`{written}` is not a version (PEP 440)", "Write it like 1.2.3 or 1.2.3rc1.") from None
    if str(tag) != text:
        raise _no_release(text, f"PEP 440 writes that version {tag.version}", f"The tag is {tag}.")
    return tag


def _no_release(text: str, why: str, hint: str) -> UsageError:
    return UsageError("GT10", f"`{text}` is not the tag of a release: {why}.", hint, facts={"tag": text})


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True
