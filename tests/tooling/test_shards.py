"""The matrix: every package once on each of its Pythons, in shards that are as even as they can be."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tooling.plan.shards import LIMIT, Shard, deal

PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13")
NAMES = st.text("abcdefghij-", min_size=1, max_size=8)
WORKSPACES = st.dictionaries(NAMES, st.sets(st.sampled_from(PYTHONS)).map(sorted), max_size=60)
LIMITS = st.integers(1, 80)


def sizes(shards: tuple[Shard, ...]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for shard in shards:
        found.setdefault(shard.python, []).append(len(shard.packages))
    return found


@given(pythons=WORKSPACES, limit=LIMITS)
def test_each_package_is_tested_once_on_each_of_its_pythons(pythons: dict[str, list[str]], limit: int) -> None:
    dealt = Counter((name, shard.python) for shard in deal(pythons, limit) for name in shard.packages)
    assert dealt == Counter((name, python) for name, found in pythons.items() for python in found)


@given(pythons=WORKSPACES, limit=LIMITS)
def test_shards_of_one_python_differ_by_one_package_at_most(pythons: dict[str, list[str]], limit: int) -> None:
    for found in sizes(deal(pythons, limit)).values():
        assert max(found) - min(found) <= 1
        assert min(found) >= 1


@given(pythons=WORKSPACES, limit=LIMITS)
def test_the_limit_is_kept_unless_there_are_more_pythons(pythons: dict[str, list[str]], limit: int) -> None:
    shards = deal(pythons, limit)
    assert len(shards) <= max(limit, len({shard.python for shard in shards}))


@given(pythons=WORKSPACES, limit=LIMITS)
def test_no_smaller_shards_would_keep_the_limit(pythons: dict[str, list[str]], limit: int) -> None:
    """By brute force: with the largest shard one package smaller, there would be too many of them."""
    found = sizes(deal(pythons, limit))
    largest = max((size for each in found.values() for size in each), default=1)
    if largest > 1:
        assert sum(-(-sum(each) // (largest - 1)) for each in found.values()) > limit


@given(pythons=WORKSPACES, limit=LIMITS, seed=st.integers())
def test_the_order_in_which_packages_are_found_changes_nothing(
    pythons: dict[str, list[str]], limit: int, seed: int
) -> None:
    shuffled = list(pythons.items())
    random.Random(seed).shuffle(shuffled)
    assert deal(dict(shuffled), limit) == deal(pythons, limit)


@given(pythons=WORKSPACES, limit=LIMITS)
def test_names_of_jobs_are_unique(pythons: dict[str, list[str]], limit: int) -> None:
    names = [shard.name for shard in deal(pythons, limit)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("packages", "jobs", "largest"), [(13, 39, 1), (85, 255, 1), (86, 129, 2), (500, 252, 6)])
def test_five_hundred_packages_fit_into_one_matrix(packages: int, jobs: int, largest: int) -> None:
    shards = deal({f"package-{number:03}": PYTHONS[2:] for number in range(packages)})
    assert len(shards) == jobs <= LIMIT
    assert max(len(shard.packages) for shard in shards) == largest


def test_pythons_are_in_the_order_of_versions() -> None:
    assert [shard.python for shard in deal({"core-a": PYTHONS[::-1]})] == list(PYTHONS)


def test_a_shard_says_its_packages_as_words_of_a_command() -> None:
    shards = deal({"core-a": ["3.11"], "core-b": ["3.11"], "core-c": ["3.11"]}, 2)
    assert [(shard.name, shard.words) for shard in shards] == [
        ("3.11 1 of 2", "--package core-a --package core-c"),
        ("3.11 core-b", "--package core-b"),
    ]
