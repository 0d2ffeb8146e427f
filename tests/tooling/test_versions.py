"""What comes after a version, and how far a change obliges it to go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version
from properties import untimed

from tooling.errors import UsageError
from tooling.model.versions import PARTS, Change, Part, next_version, part_for, phase_of, read_parts, tells

SENSELESS = None

NEXT: list[tuple[str, str, str | None]] = [
    ("1.2.3", "major", "2.0.0"),
    ("1.2.3", "minor", "1.3.0"),
    ("1.2.3", "patch", "1.2.4"),
    ("1.2.3", "alpha", "1.2.4a1"),
    ("1.2.3", "rc", "1.2.4rc1"),
    ("1.2.3", "dev", "1.2.4.dev1"),
    ("1.2.3", "post", "1.2.3.post1"),
    ("1.2.3", "release", SENSELESS),
    ("1.2.3", "minor rc", "1.3.0rc1"),
    ("1.2.3", "major dev", "2.0.0.dev1"),
    ("2.0.0rc1", "major", "2.0.0"),
    ("2.0.0rc1", "patch", "2.0.0"),
    ("2.0.0rc1", "rc", "2.0.0rc2"),
    ("2.0.0rc1", "major rc", "2.0.0rc2"),
    ("2.0.0rc1", "alpha", SENSELESS),
    ("2.0.0rc1", "post", SENSELESS),
    ("2.0.0rc1", "release", "2.0.0"),
    ("2.0.0rc1", "dev", "2.0.0rc2.dev1"),
    ("2.0.0rc1", "major dev", SENSELESS),
    ("2.0.0rc2.dev1", "rc", "2.0.0rc2"),
    ("1.2.3a2", "alpha", "1.2.3a3"),
    ("1.2.3a2", "beta", "1.2.3b1"),
    ("1.2.3a2", "minor", "1.3.0"),
    ("1.2.3a2", "minor beta", "1.3.0b1"),
    ("1.2.4.dev1", "dev", "1.2.4.dev2"),
    ("1.2.4.dev1", "patch dev", "1.2.4.dev2"),
    ("1.2.4.dev1", "beta", "1.2.4b1"),
    ("1.2.4.dev1", "release", "1.2.4"),
    ("1.2.3.post1", "post", "1.2.3.post2"),
    ("1.2.3.post1", "patch", "1.2.4"),
    ("1.2.3.post1", "dev", "1.2.3.post2.dev1"),
    ("1.2.3.post2.dev1", "post", "1.2.3.post2"),
    ("1.2.3.post2.dev1", "release", "1.2.3.post2"),
    ("1.0", "patch", "1.0.1"),
    ("2026.11", "minor", "2026.12"),
    ("1.2.3.4", "minor", "1.3.0.0"),
    ("1!1.0.0", "major", "1!2.0.0"),
    ("1.0.0+local", "patch", "1.0.1"),
]


@pytest.mark.parametrize(("version", "parts", "expected"), NEXT)
def test_the_next_version(version: str, parts: str, expected: str | None) -> None:
    words = read_parts(parts.split())
    if expected is SENSELESS:
        with pytest.raises(UsageError) as caught:
            next_version(Version(version), *words)
        assert caught.value.code == "VS07"
    else:
        assert str(next_version(Version(version), *words)) == expected


LABELS = st.sampled_from(["", "a1", "a3", "b2", "rc1", ".dev1", "rc1.dev2", ".post1", ".post2.dev1"])
VERSIONS = st.builds(
    lambda numbers, label, epoch: Version(f"{epoch}{'.'.join(map(str, numbers))}{label}"),
    st.lists(st.integers(0, 12), min_size=1, max_size=4),
    LABELS,
    st.sampled_from(["", "", "1!"]),
)


@untimed
@given(VERSIONS, st.sampled_from([(part,) for part in PARTS] + [("major", "rc"), ("minor", "dev"), ("patch", "alpha")]))
def test_a_bump_only_goes_up(version: Version, parts: tuple[Part, ...]) -> None:
    try:
        after = next_version(version, *parts)
    except UsageError:
        return
    assert after > version
    assert Version(str(after)) == after


@untimed
@given(VERSIONS, st.sampled_from(["alpha", "beta", "rc", "dev"]))
def test_a_label_leads_to_a_version_of_its_kind(version: Version, label: Part) -> None:
    try:
        after = next_version(version, label)
    except UsageError:
        return
    assert after.is_prerelease
    assert label == "dev" or phase_of(after) == label
    assert not next_version(after, "release").is_prerelease


@pytest.mark.parametrize(
    "words", [["mayor"], ["major", "minor"], ["rc", "beta"], ["minor", "post"], ["major", "release"]]
)
def test_words_that_name_no_part_are_refused(words: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        read_parts(words)
    assert caught.value.code == "VS08"


@pytest.mark.parametrize(
    ("since", "change", "part"),
    [
        ("1.4.2", Change.BREAKING, "major"),
        ("1.4.2", Change.FEATURE, "minor"),
        ("1.4.2", Change.FIX, "patch"),
        ("0.4.2", Change.BREAKING, "minor"),
        ("0.4.2", Change.FEATURE, "patch"),
        ("0.0.2", Change.BREAKING, "minor"),
        ("1!0.4.2", Change.BREAKING, "major"),
    ],
)
def test_the_smallest_part_for_a_change(since: str, change: Change, part: Part) -> None:
    assert part_for(change, Version(since)) == part


@untimed
@given(VERSIONS, st.sampled_from(list(Change)))
def test_the_smallest_part_tells_its_change_and_nothing_graver(since: Version, change: Change) -> None:
    after = next_version(since, part_for(change, since))
    assert tells(after, change, since)
    assert not tells(since, Change.FIX, since)


@pytest.mark.parametrize(
    ("version", "since", "told"),
    [("2.0.0rc1", "1.9.0", True), ("1.10.0", "1.9.0", False), ("3.0.0", "1.9.0", True), ("0.5.0", "0.4.9", True)],
)
def test_a_pre_release_tells_what_its_release_will(version: str, since: str, told: bool) -> None:
    assert tells(Version(version), Change.BREAKING, Version(since)) is told
