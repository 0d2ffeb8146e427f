"""What a release says of itself: the commit, the tags, the notes for readers, the manifest for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tooling.model.changelog import Changelog
    from tooling.model.package import Package
    from tooling.plan.outcomes import PackageResult

_TRAILER = "Released: "
_SHOWN = 5


def shown(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def notes_in(changelog: Changelog, package: Package) -> str | None:
    """The text of the section of the package's version; None when there is no such section."""
    return next((section.text for section in changelog.sections if section.version == package.version), None)


def tag_message(package: Package, notes: str) -> str:
    """The message of a release's tag: a line that names it, and its section of the changelog."""
    return f"{package.distribution} {package.version}\n\n{notes}\n"


def commit_message(packages: Sequence[Package], tags: Sequence[str]) -> str:
    """The message of a release's commit; a trailer (git-interpret-trailers(1)) names each tag that is to follow."""
    named = shown([f"{package.name} {package.version}" for package in packages])
    return f"Release {named}\n\n" + "".join(f"{_TRAILER}{tag}\n" for tag in tags)


def announced_in(message: str) -> tuple[str, ...]:
    """The tags that a release's commit has announced; none for any other commit."""
    return tuple(line.removeprefix(_TRAILER) for line in message.splitlines() if line.startswith(_TRAILER))


def release_notes(released: Sequence[PackageResult], notes: Mapping[str, str]) -> str:
    """Markdown for readers: what changed in each package (`notes`, by name), how to install it, its files' hashes."""
    return "\n".join(_notes(each, notes[each.name]) for each in released)


def _notes(released: PackageResult, notes: str) -> str:
    files = "".join(f"{each.sha256}  {each.file}\n" for each in released.files)
    return (
        f"# {released.distribution} {released.version}\n\n{notes}\n\n"
        f"```sh\npip install {released.distribution}=={released.version}\n```\n\n"
        f"SHA-256 of its files:\n\n```\n{files}```\n"
    )


def release_manifest(released: Sequence[PackageResult], tags: Mapping[str, str], commit: str) -> dict[str, object]:
    """JSON for programs: every file of the release, and what it was built from: its tag, by package name, and commit.

    The same release gives the same manifest, however often it is run.
    """
    return {
        "commit": commit,
        "files": [
            {
                "file": each.file,
                "sha256": each.sha256,
                "size": each.size,
                "package": package.distribution,
                "version": package.version,
                "tag": tags[package.name],
                "commit": commit,
            }
            for package in released
            for each in package.files
        ],
    }
