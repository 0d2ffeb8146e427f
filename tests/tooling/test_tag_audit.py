"""What is published beside what is tagged."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from tooling.model.tags import Tag
from tooling.plan.tag_audit import audit

TAGS = st.sets(
    st.builds(
        lambda package, version: Tag(package=package, version=Version(version)),
        st.sampled_from(("cache", "core-logging")),
        st.sampled_from(("1.0.0", "1.0.1", "1.10.0", "1.9.0", "2.0.0rc1")),
    )
)


@given(published=TAGS, tagged=TAGS)
def test_every_release_is_in_one_place_and_in_order(published: set[Tag], tagged: set[Tag]) -> None:
    found = audit(published, tagged)
    assert set(found.rebuild) == published & tagged
    assert set(found.untagged) == published - tagged
    assert set(found.unpublished) == tagged - published
    for releases in (found.rebuild, found.untagged, found.unpublished):
        assert list(releases) == sorted(releases, key=lambda tag: (tag.package, tag.version))


def test_versions_are_equal_however_they_are_written() -> None:
    short, long = (Tag(package="cache", version=Version(text)) for text in ("1.0", "1.0.0"))
    found = audit({long}, {short})
    assert ([str(tag) for tag in found.rebuild], found.untagged, found.unpublished) == (["cache-v1.0"], (), ())
