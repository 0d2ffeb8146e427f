"""Search, which notices late."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tooling.localnexus import GROUP, HOSTED

if TYPE_CHECKING:
    from collections.abc import Callable

    from localnexus.door import Clock, Door


@pytest.fixture
def stocked(open_index: Callable[..., Door], clock: Clock) -> Door:
    """Two projects, one in two versions of two files each; search has noticed them."""
    door = open_index(clock=clock)
    for name, version, file in [
        ("maestro-one", "1.9", "maestro_one-1.9-py3-none-any.whl"),
        ("maestro-one", "1.9", "maestro_one-1.9.tar.gz"),
        ("maestro-one", "1.10", "maestro_one-1.10.tar.gz"),
        ("other", "1.0", "other-1.0.tar.gz"),
    ]:
        door.upload(name, version, file=file, content=file.encode(), fields={"keywords": f"about {name}"})
    clock.now += 10
    return door


def found(door: Door, query: str) -> list[tuple[str, str]]:
    return [(each["name"], each["version"]) for each in door.rest(f"/search?{query}", login=None).json()["items"]]


def test_an_upload_is_found_after_a_while(open_index: Callable[..., Door], clock: Clock) -> None:
    door = open_index(clock=clock)
    door.upload()
    clock.now += 1.9
    assert found(door, "name=demo") == []
    clock.now += 0.2
    assert found(door, "name=demo") == [("demo", "1.0")]
    door.faults.search_seconds = 60
    assert found(door, "name=demo") == []


def test_a_removed_file_is_found_for_a_while(stocked: Door, clock: Clock) -> None:
    (other,) = stocked.rest("/search?name=other").json()["items"]
    assert stocked.rest(f"/components/{other['id']}", "DELETE").status_code == 204
    assert found(stocked, "name=other") == [("other", "1.0")]
    clock.now += 2.1
    assert found(stocked, "name=other") == []


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 3),
        (f"repository={HOSTED}", 3),
        (f"repository={GROUP}", 3),
        ("repository=none", 0),
        ("format=pypi", 3),
        ("format=npm", 0),
        ("group=", 3),
        ("group=x", 0),
        ("name=maestro-one", 2),
        ("name=maestro-*", 2),
        ("name=MAESTRO-?ne", 2),
        ("name=maestro", 0),
        ("name=", 0),
        ("name=maestro-one&version=1.9", 1),
        ("version=1.*", 3),
        ("q=other", 1),
        ("keyword=*maestro*", 2),
        ("pypi.keywords=about+other", 1),
        ("pypi.summary=*ours", 3),
        (f"sha256={hashlib.sha256(b'other-1.0.tar.gz').hexdigest()}", 1),
        ("sha256=00", 0),
        ("unknown=parameter", 3),
    ],
)
def test_what_is_asked_for_is_found(stocked: Door, query: str, count: int) -> None:
    assert len(found(stocked, query)) == count


def test_results_are_sorted_and_versions_fall(stocked: Door) -> None:
    assert found(stocked, "name=maestro-one&sort=version") == [("maestro-one", "1.10"), ("maestro-one", "1.9")]
    assert [version for _, version in found(stocked, "name=maestro-one&sort=version&direction=asc")] == ["1.9", "1.10"]
    assert [name for name, _ in found(stocked, "version=1.0&sort=name")] == ["other"]
    assert found(stocked, "sort=name&direction=desc")[0] == ("other", "1.0")


def test_assets_are_found_one_by_one(stocked: Door) -> None:
    files = stocked.rest("/search/assets?name=maestro-one&version=1.9").json()["items"]
    assert [each["path"].rpartition("/")[2] for each in files] == [
        "maestro_one-1.9-py3-none-any.whl",
        "maestro_one-1.9.tar.gz",
    ]


def test_a_download_leads_to_the_one_file(stocked: Door) -> None:
    one = stocked.rest("/search/assets/download?name=other")
    assert one.status_code == 302
    assert stocked.client.get(one.headers["location"]).content == b"other-1.0.tar.gz"
    none = stocked.rest("/search/assets/download?name=absent")
    assert (none.status_code, none.text) == (
        404,
        "ValidationErrorXO{id='*', message='Asset search returned no results'}",
    )
    several = stocked.rest("/search/assets/download?name=maestro-one")
    assert (several.status_code, "refine search criteria" in several.text) == (400, True)
    latest = stocked.rest("/search/assets/download?name=maestro-one&sort=version")
    assert latest.headers["location"].endswith("/maestro_one-1.10.tar.gz")


def test_results_come_in_pages_of_fifty(open_index: Callable[..., Door]) -> None:
    door = open_index()
    door.faults.search_seconds = 0
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: door.upload(version=f"1.{number}"), range(53)))
    first = door.rest("/search?name=demo").json()
    second = door.rest(f"/search?name=demo&continuationToken={first['continuationToken']}").json()
    assert [len(page["items"]) for page in (first, second)] == [50, 3]
    assert second["continuationToken"] is None
    assert len({each["id"] for page in (first, second) for each in page["items"]}) == 53
    assert door.rest("/search?continuationToken=garbage!").status_code == 422


def test_nobody_finds_what_they_may_not_browse(open_index: Callable[..., Door]) -> None:
    door = open_index(anonymous=False)
    door.faults.search_seconds = 0
    door.upload()
    assert found(door, "name=demo") == []
