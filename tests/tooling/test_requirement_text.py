"""A requirement's range is moved, and nothing else of its text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from properties import untimed

from tooling.model.requirement_text import in_order, lowest_of, needs_edit, with_version
from tooling.model.versioning import FLOORS, Floor


@pytest.mark.parametrize(
    ("text", "version", "moved"),
    [
        ("a>=1.0,<2", "2.3.1", "a>=2.3.1,<3"),
        ("a<2,>=1.0", "2.3.1", "a<3,>=2.3.1"),
        ("a >= 1.0, < 2.0", "2.3.1", "a >= 2.3.1, < 3.0"),
        ("a>=1.0,<1.5", "1.6.2", "a>=1.6.2,<1.7"),
        ("a>=0.4,<0.5", "0.5.0", "a>=0.5.0,<0.6"),
        ("a>=0.4,<0.5", "1.0.0", "a>=1.0.0,<2.0"),
        ("a>=1,<2", "2.0.0rc1", "a>=2.0.0rc1,<3"),
        ("a~=1.4", "2.3.1", "a>=2.3.1,<3"),
        ("a~=1.4", "2.3.0", "a~=2.3"),
        ("a~=1.4.2", "2.3.1", "a~=2.3.1"),
        ("a==1.0.0", "1.0.1", "a==1.0.1"),
        ("a==1.*", "2.0.0", "a>=2.0.0,==2.*"),
        ("a>=1,<=1.9", "2.0.0", "a>=2.0.0,<=2.0.0"),
        ("a>1.0", "1.0", "a>=1.0"),
        ("a>=1,!=2.0.0", "2.0.0", "a>=2.0.0"),
        ("a>=1,!=1.5,<2", "2.0.0", "a>=2.0.0,!=1.5,<3"),
        ("A_b.C [x, Y]  (>=1.0 , <2) ; os_name == 'nt'", "2.0", "A_b.C [x, Y]  (>=2.0 , <3) ; os_name == 'nt'"),
        ("a>=1,<2; extra == 'x' and (os_name == 'nt')", "2.0", "a>=2.0,<3; extra == 'x' and (os_name == 'nt')"),
    ],
)
def test_a_range_is_moved_clause_by_clause(text: str, version: str, moved: str) -> None:
    assert with_version(text, Version(version), "minimum") == moved


def test_a_requirement_without_range_gets_a_floor() -> None:
    assert with_version("a[x]; os_name == 'nt'", Version("2.0"), "latest") == "a[x]>=2.0; os_name == 'nt'"


def test_an_exact_floor_pins() -> None:
    assert with_version("a[x]>=1.0,<2 ; os_name == 'nt'", Version("2.0"), "exact") == "a[x]==2.0 ; os_name == 'nt'"


NAMES = st.sampled_from(["a", "A_b", "a.b-C", "maestro-core"])
EXTRAS = st.sampled_from(["", "[x]", " [ x , Y ]"])
MARKERS = st.sampled_from(["", "; os_name == 'nt'", " ;python_version<'3.12' and (os_name=='nt')"])
NUMBERS = st.lists(st.integers(0, 5), min_size=1, max_size=4).map(lambda numbers: ".".join(map(str, numbers)))
CLAUSES = st.one_of(
    st.builds(
        lambda operator, version: operator + version, st.sampled_from([">=", "<", "<=", "==", "!=", ">"]), NUMBERS
    ),
    st.builds(lambda version: f"~={version}.0", NUMBERS),
    st.builds(lambda version: f"=={version}.*", NUMBERS),
)
RANGES = st.lists(CLAUSES, max_size=3).map(", ".join)
VERSIONS = st.builds(
    lambda numbers, label: Version(numbers + label), NUMBERS, st.sampled_from(["", "rc1", ".post1", ".dev2"])
)


@untimed
@given(st.tuples(NAMES, EXTRAS, RANGES, MARKERS), VERSIONS, st.sampled_from(FLOORS))
def test_what_is_moved_admits_the_version_and_is_the_same_requirement_otherwise(
    pieces: tuple[str, str, str, str], version: Version, floor: Floor
) -> None:
    name, extras, clauses, marker = pieces
    text = f"{name}{extras}{clauses}{marker}"
    before = Requirement(text)
    after_text = with_version(text, version, floor)
    after = Requirement(after_text)
    assert after.specifier.contains(version, prereleases=True)
    assert (after.name, after.extras, str(after.marker)) == (before.name, before.extras, str(before.marker))
    assert after_text.startswith(name + extras)
    assert after_text.endswith(marker)
    assert not needs_edit(after, version, floor) or version not in lowest_of(after)
    assert Requirement(in_order(after)) == after


@pytest.mark.parametrize(
    ("text", "floor", "touched"),
    [
        ("a>=1.0", "minimum", False),
        ("a>=1.0,<2", "minimum", True),
        ("a>=1.0", "latest", True),
        ("a>=2.0", "latest", False),
        ("a>=1.0", "exact", True),
        ("a==2.0", "exact", False),
    ],
)
def test_a_requirement_is_touched_only_when_it_must(text: str, floor: Floor, touched: bool) -> None:
    assert needs_edit(Requirement(text), Version("2.0"), floor) is touched


def test_a_requirement_is_written_with_floors_first() -> None:
    assert in_order(Requirement("A.b[y,x]<2,!=1.5,>=1; os_name=='nt'")) == 'A.b[x,y]>=1,<2,!=1.5; os_name == "nt"'
    assert canonicalize_name("A.b") == "a-b"
