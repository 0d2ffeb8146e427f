"""What requirements make of a release: a table, and rules that hold for any of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from tooling.plan.impact import Dependent, Reaction, impacts, reaction_of

NUMBERS = st.integers(0, 3)
VERSIONS = st.tuples(NUMBERS, NUMBERS, NUMBERS).map(lambda parts: Version(".".join(map(str, parts))))
CLAUSES = st.tuples(st.sampled_from([">=", ">", "<", "<=", "!=", "~=", "=="]), VERSIONS).map(
    lambda clause: f"{clause[0]}{clause[1]}"
)
SPECIFIERS = st.lists(CLAUSES, max_size=3).map(",".join).map(SpecifierSet)


@pytest.mark.parametrize(
    ("specifier", "version", "reaction"),
    [
        ("", "2.0.0", Reaction.UNPINNED),
        (">=1.0", "2.0.0", Reaction.UNPINNED),
        (">=1.0,!=1.5", "2.0.0", Reaction.UNPINNED),
        (">=1.0,<2", "2.0.0", Reaction.EXCLUDES),
        (">=1.0,<2", "1.9.0", Reaction.BOUNDED),
        ("~=1.2", "1.9", Reaction.BOUNDED),
        ("~=1.2", "2.0", Reaction.EXCLUDES),
        ("==1.*", "1.9", Reaction.BOUNDED),
        ("==1.9.0", "1.9", Reaction.PINS),
        ("===1.9", "1.9", Reaction.PINS),
        ("==1.8.0", "1.9", Reaction.EXCLUDES),
        (">=1.0", "2.0.0rc1", Reaction.EXCLUDES),
        (">=2.0.0rc1", "2.0.0rc2", Reaction.UNPINNED),
        ("==2.0.0rc1", "2.0.0rc1", Reaction.PINS),
    ],
)
def test_each_form_of_a_requirement(specifier: str, version: str, reaction: Reaction) -> None:
    assert reaction_of(SpecifierSet(specifier), Version(version)) is reaction


@given(specifier=SPECIFIERS, version=VERSIONS)
def test_what_excludes_a_version_is_what_an_installer_would_not_take(specifier: SpecifierSet, version: Version) -> None:
    taken = bool(list(specifier.filter([version])))
    assert (reaction_of(specifier, version) is not Reaction.EXCLUDES) == taken


@given(specifier=SPECIFIERS, version=VERSIONS)
def test_what_is_unpinned_takes_every_later_release_that_it_does_not_name(
    specifier: SpecifierSet, version: Version
) -> None:
    later = Version(f"{version.major + 100}")
    if reaction_of(specifier, version) is Reaction.UNPINNED:
        assert later in specifier
    elif reaction_of(specifier, version) in {Reaction.BOUNDED, Reaction.PINS}:
        assert later not in specifier


def dependent(name: str, version: str, *requirements: str, published: bool = True) -> Dependent:
    return Dependent(
        distribution=name,
        version=Version(version),
        published=published,
        requirements=tuple(map(Requirement, requirements)),
    )


def test_the_tree_comes_first_then_names_then_the_newest() -> None:
    found = impacts(
        "maestro-x",
        Version("2.0"),
        [
            dependent("maestro-b", "1.9", "maestro-x>=1"),
            dependent("maestro-b", "1.10", "maestro-x>=1,<2"),
            dependent("maestro-a", "1.0", "other"),
            dependent("maestro-b", "2.0", "maestro_X", published=False),
        ],
    )
    assert [(str(each.dependent.version), each.reaction) for each in found] == [
        ("2.0", Reaction.UNPINNED),
        ("1.10", Reaction.EXCLUDES),
        ("1.9", Reaction.UNPINNED),
    ]


def test_several_requirements_of_one_version_are_told_apart_and_an_unknown_one_is_said() -> None:
    unknown = Dependent(distribution="maestro-c", version=Version("1.0"), published=True, requirements=None)
    both = dependent("maestro-b", "1.0", "maestro-x>=1; extra == 'a'", "maestro-x==2.0; extra == 'b'")
    found = impacts("maestro-x", Version("2.0"), [both, unknown])
    assert [each.reaction for each in found] == [Reaction.UNPINNED, Reaction.PINS, Reaction.UNKNOWN]
