"""Which version comes after this one (PEP 440), and how far a change obliges a version to go (Semantic Versioning).

Below 1.0.0 the second number does what the first does later: a breaking change raises it, everything else the third.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Literal, cast, get_args

from packaging.version import Version

from tooling.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

ReleasePart = Literal["major", "minor", "patch"]
Phase = Literal["alpha", "beta", "rc"]
Part = Literal["major", "minor", "patch", "alpha", "beta", "rc", "post", "dev", "release"]

RELEASE_PARTS: tuple[ReleasePart, ...] = get_args(ReleasePart)
PHASES: tuple[Phase, ...] = get_args(Phase)
PARTS: tuple[Part, ...] = get_args(Part)
_LETTERS = {"alpha": "a", "beta": "b", "rc": "rc"}
_BY_LETTER: dict[str, Phase] = {"a": "alpha", "b": "beta", "rc": "rc"}


class Change(Enum):
    """What a release does to its users, gravest first."""

    BREAKING = "breaking"
    FEATURE = "feature"
    FIX = "fix"

    @property
    def gravity(self) -> int:
        """Greater for what obliges to more."""
        return -list(Change).index(self)


def read_parts(words: Sequence[str]) -> tuple[Part, ...]:
    """Understand the words after `--part`: one, or one of major, minor, patch with one of alpha, beta, rc, dev.

    Raises:
        UsageError: VS08, for another word or combination.
    """
    for word in words:
        if word not in PARTS:
            raise UsageError("VS08", f"There is no part {word!r} of a version.", f"Use one of {', '.join(PARTS)}.")
    parts = tuple(cast("Part", word) for word in words)
    numbers = [part for part in parts if part in RELEASE_PARTS]
    labels = [part for part in parts if part not in RELEASE_PARTS]
    if len(numbers) > 1 or len(labels) > 1 or (numbers and labels and labels[0] in {"post", "release"}):
        hint = "Give one part, or one of major, minor, patch together with one of alpha, beta, rc, dev."
        raise UsageError("VS08", f"The parts {', '.join(parts)} do not go together.", hint)
    return (*numbers, *labels)


def next_version(version: Version, *parts: Part) -> Version:
    """The version that follows; always a greater one.

    A pre-release is on its way to a release: of 2.0.0rc1 the next major, minor and patch are 2.0.0. A label on a
    release begins the next patch: `rc` of 1.2.3 is 1.2.4rc1. Counting begins at 1. A local part is left out.

    Raises:
        UsageError: VS07, where the part makes no sense: `release` of a release, `post` of a pre-release, `alpha` of
            a beta.
    """
    numbers = next((part for part in parts if part in RELEASE_PARTS), None)
    label = next((part for part in parts if part not in RELEASE_PARTS), None)
    if label is None:
        return _written(version, _raised(version, numbers or "patch"))
    if label == "release":
        return _released(version)
    if label == "post":
        return _post(version)
    if label == "dev":
        return _dev(version, numbers)
    return _phase(version, numbers or "patch", cast("Phase", label))


def phase_of(version: Version) -> Part | None:
    """The label that continues a version's kind: `rc` for 1.0rc2, `dev` for 1.0.dev3, None for a release."""
    if version.pre is not None:
        return _BY_LETTER[version.pre[0]]
    return "dev" if version.is_devrelease else None


def part_for(change: Change, since: Version) -> ReleasePart:
    """The smallest part that tells users of `since` what kind of change this is."""
    stable = since.release[0] > 0 or since.epoch > 0
    if change is Change.BREAKING:
        return "major" if stable else "minor"
    return "minor" if change is Change.FEATURE and stable else "patch"


def tells(version: Version, change: Change, since: Version) -> bool:
    """Whether `version` is far enough from `since` for a change; pre-releases count as the release they lead to."""
    if part_for(change, since) == "patch":
        return version > since
    return Version(_text(version.epoch, version.release)) >= next_version(since, part_for(change, since))


def _early(version: Version) -> bool:
    """Whether it is ordered before the release of its numbers."""
    return version.pre is not None or (version.is_devrelease and version.post is None)


def _raised(version: Version, part: ReleasePart) -> tuple[int, ...]:
    """The numbers of the next release of that part; a pre-release whose lower numbers are 0 is on its way there."""
    place = RELEASE_PARTS.index(part)
    numbers = [*version.release, *[0] * (place + 1 - len(version.release))]
    if _early(version) and not any(numbers[place + 1 :]):
        return tuple(numbers)
    return (*numbers[:place], numbers[place] + 1, *[0] * (len(numbers) - place - 1))


def _released(version: Version) -> Version:
    if not version.is_prerelease:
        raise _senseless("release", version, "it is a release already", "Say major, minor, patch or post.")
    if version.pre is None and version.post is not None:
        return _written(version, version.release, post=version.post)
    return _written(version, version.release)


def _post(version: Version) -> Version:
    if _early(version):
        raise _senseless("post", version, "it was not released yet", "Say release first.")
    if version.is_devrelease:
        return _released(version)
    return _written(version, version.release, post=(version.post or 0) + 1 if version.post is not None else 1)


def _dev(version: Version, part: ReleasePart | None) -> Version:
    if part is not None:
        numbers = _raised(version, part)
        there = _early(version) and numbers == _padded(version.release, len(numbers))
        again = there and version.pre is None
        if there and not again:
            raise _senseless("dev", version, "its pre-releases have begun", "Say dev alone.")
        return _written(version, numbers, dev=(version.dev or 0) + 1 if again else 1)
    if version.is_devrelease:
        label = version.pre and (version.pre[0], version.pre[1])
        return _written(version, version.release, pre=label, post=version.post, dev=(version.dev or 0) + 1)
    if version.pre is not None:
        return _written(version, version.release, pre=(version.pre[0], version.pre[1] + 1), dev=1)
    if version.post is not None:
        return _written(version, version.release, post=version.post + 1, dev=1)
    return _written(version, _raised(version, "patch"), dev=1)


def _phase(version: Version, part: ReleasePart, phase: Phase) -> Version:
    numbers = _raised(version, part)
    letter = _LETTERS[phase]
    if not _early(version) or numbers != _padded(version.release, len(numbers)) or version.pre is None:
        return _written(version, numbers, pre=(letter, 1))
    reached, count = version.pre
    if PHASES.index(_BY_LETTER[reached]) > PHASES.index(phase):
        raise _senseless(phase, version, f"it is past its {phase} versions", f"Say {_BY_LETTER[reached]} or release.")
    if reached != letter:
        return _written(version, numbers, pre=(letter, 1))
    begun = version.is_devrelease and version.post is None  # 1.0rc2.dev1 is on its way to 1.0rc2
    return _written(version, numbers, pre=(letter, count if begun else count + 1))


def _padded(numbers: tuple[int, ...], length: int) -> tuple[int, ...]:
    return (*numbers, *[0] * (length - len(numbers)))


def _written(
    version: Version,
    release: tuple[int, ...],
    *,
    pre: tuple[str, int] | None = None,
    post: int | None = None,
    dev: int | None = None,
) -> Version:
    text = _text(version.epoch, release)
    text += f"{pre[0]}{pre[1]}" if pre else ""
    text += f".post{post}" if post is not None else ""
    return Version(text + (f".dev{dev}" if dev is not None else ""))


def _text(epoch: int, release: tuple[int, ...]) -> str:
    return (f"{epoch}!" if epoch else "") + ".".join(map(str, release))


def _senseless(part: str, version: Version, why: str, hint: str) -> UsageError:
    facts = {"part": part, "version": str(version)}
    return UsageError("VS07", f"There is no {part} after {version}: {why}.", hint, facts=facts)
