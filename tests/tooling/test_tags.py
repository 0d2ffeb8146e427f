"""The name of a release's tag, both ways."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from tooling.errors import UsageError
from tooling.model.tags import Tag, parse_tag, tag_of

NAMES = ("cache", "core-logging", "v-v", "v1", "a-v1.0")
VERSIONS = st.builds(
    lambda epoch, release, pre, post, dev, local: Version(
        f"{epoch}!{'.'.join(map(str, release))}{pre}{post}{dev}{local}"
    ),
    st.integers(0, 2),
    st.lists(st.integers(0, 99), min_size=1, max_size=4),
    st.sampled_from(("", "a1", "b2", "rc3")),
    st.sampled_from(("", ".post1")),
    st.sampled_from(("", ".dev4")),
    st.sampled_from(("", "+v1", "+local.2")),
)


@given(package=st.sampled_from(NAMES), version=VERSIONS)
def test_a_tag_says_the_package_and_the_version_it_was_made_of(package: str, version: Version) -> None:
    tag = parse_tag(tag_of(package, version), NAMES)
    assert tag == Tag(package=package, version=version)
    assert str(tag) == tag_of(package, version)


@given(text=st.text(alphabet="v1.0-ac!+rc", max_size=14))
def test_no_two_tags_mean_one_release(text: str) -> None:
    with suppress(UsageError):
        assert str(parse_tag(text, NAMES)) == text


@pytest.mark.parametrize(
    ("text", "why", "hint"),
    [
        ("nightly", "it is not NAME-vVERSION", "Name a tag such as core-logging-v1.0.0."),
        ("-v1.0.0", "it is not NAME-vVERSION", "Name a tag such as"),
        ("v1.0.0", "it is not NAME-vVERSION", "Name a tag such as"),
        ("core-loging-v1.0.0", "there is no package `core-loging`", "Did you mean core-logging-v1.0.0?"),
        ("maestro-cache-v1.0.0", "there is no package `maestro-cache`", ""),
        ("zzz-v1.0.0", "there is no package `zzz`", "`invoke list` tells the packages there are."),
        ("cache-vnext", "`next` is not a version (PEP 440)", "Write it like 1.2.3 or 1.2.3rc1."),
        ("cache-v1.0.0-rc1", "PEP 440 writes that version 1.0.0rc1", "The tag is cache-v1.0.0rc1."),
        ("cache-v01.0", "PEP 440 writes that version 1.0", "The tag is cache-v1.0."),
    ],
)
def test_what_is_no_tag_of_a_release_is_refused_with_the_reason(text: str, why: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_tag(text, NAMES)
    assert caught.value.code == "GT10"
    assert caught.value.message == f"`{text}` is not the tag of a release: {why}."
    assert hint in caught.value.hint
