"""The ways in which a published package is installed to prove it."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from factories import make_package
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from tooling.model.artifact import Kind
from tooling.plan.install_matrix import Combination, Resolution, combinations, declared

if TYPE_CHECKING:
    from tooling.model.package import Package

PYTHONS = st.sets(st.sampled_from(("3.9", "3.10", "3.11", "3.12", "3.13")))
REQUIREMENTS = st.lists(st.sampled_from(("structlog>=25.1", "six", "maestro-cache>=1.0")), max_size=2)
PACKAGES = st.builds(
    lambda needs, extras: make_package("alpha", needs=needs, extras=extras),
    REQUIREMENTS,
    st.dictionaries(st.sampled_from(("fast", "redis", "all")), REQUIREMENTS),
)
ANY = st.booleans()


@given(package=PACKAGES, pythons=PYTHONS.filter(bool), exhaustive=ANY)
def test_every_python_every_extra_and_both_files_are_tried(
    package: Package, pythons: set[str], exhaustive: bool
) -> None:
    chosen = combinations(package, pythons, exhaustive=exhaustive)
    assert {each.python for each in chosen if each == Combination(python=each.python)} == pythons
    assert {each.extra for each in chosen if each.resolution == "highest"} == {None, *package.extras}
    assert {each.kind for each in chosen} == set(get_args(Kind))


@given(package=PACKAGES, pythons=PYTHONS.filter(bool), exhaustive=ANY)
def test_lowest_requirements_are_tried_wherever_something_is_required(
    package: Package, pythons: set[str], exhaustive: bool
) -> None:
    chosen = combinations(package, pythons, exhaustive=exhaustive)
    bringing = {extra for extra, members in package.extras.items() if members}
    lowest = {each.extra for each in chosen if each.resolution == "lowest-direct"}
    assert lowest == bringing | ({None} if package.requirements else set())


@given(package=PACKAGES, pythons=PYTHONS)
def test_the_small_choice_is_part_of_the_whole_and_grows_by_sums_instead_of_products(
    package: Package, pythons: set[str]
) -> None:
    small, whole = combinations(package, pythons), combinations(package, pythons, exhaustive=True)
    assert set(small) <= set(whole)
    assert len(small) <= len(pythons) + 2 * len(package.extras) + 2
    assert len(whole) <= len(pythons) * (len(package.extras) + 1) * len(get_args(Kind)) * len(get_args(Resolution))
    assert len(set(small)) == len(small)
    assert len(set(whole)) == len(whole)


@given(package=PACKAGES, pythons=st.permutations(("3.9", "3.10", "3.13")))
def test_the_choice_does_not_depend_on_the_order_in_which_pythons_are_found(
    package: Package, pythons: list[str]
) -> None:
    chosen = combinations(package, pythons)
    assert chosen == combinations(package, sorted(pythons))
    assert {each.python for each in chosen if each.kind == "sdist" or each.extra} <= {"3.9", "3.13"}
    assert {each.python for each in chosen if each.resolution == "lowest-direct"} <= {"3.9"}
    assert [each.python for each in chosen[:3]] == sorted(pythons, key=Version)


def test_without_a_python_there_is_no_way() -> None:
    assert combinations(make_package("alpha"), ()) == ()


def test_an_extra_that_names_others_requires_what_they_do() -> None:
    extras = {
        "fast": ["orjson>=3"],
        "redis": ["redis>=6"],
        "all": ["maestro-alpha[fast,redis]", "Maestro_Alpha[round]"],
        "round": ["maestro-alpha[all]", "rich>=13"],
    }
    package = make_package("alpha", needs=["structlog>=25.1"], extras=extras)
    assert [str(each) for each in declared(package)] == ["structlog>=25.1"]
    assert [str(each) for each in declared(package, ["fast"])] == ["structlog>=25.1", "orjson>=3"]
    wanted = {"structlog>=25.1", "orjson>=3", "redis>=6", "rich>=13"}
    assert {str(each) for each in declared(package, ["all"])} == wanted


def test_a_combination_says_what_is_unusual_about_it() -> None:
    assert str(Combination(python="3.12")) == "Python 3.12"
    unusual = Combination(python="3.11", extra="fast", resolution="lowest-direct", kind="sdist")
    assert str(unusual) == "Python 3.11, lowest requirements, from its sdist"
