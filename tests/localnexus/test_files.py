"""Files as they are downloaded."""

from __future__ import annotations

import hashlib
from email.utils import formatdate
from typing import TYPE_CHECKING

import pytest

from localnexus.door import CONTENT, SECOND
from tooling.localnexus import HOSTED

if TYPE_CHECKING:
    from collections.abc import Callable

    from localnexus.door import Door

PATH = f"/repository/{HOSTED}/packages/demo/1.0/demo-1.0.tar.gz"
SHA1 = hashlib.sha1(CONTENT, usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(("dialect", "tag"), [("datastore", f'"{SHA1}"'), ("orient", f'"{{SHA1{{{SHA1}}}}}"')])
def test_a_file_comes_with_its_sha1_its_date_and_its_fences(
    open_index: Callable[..., Door], dialect: str, tag: str
) -> None:
    door = open_index(dialect=dialect, clock=lambda: SECOND + 0.5)
    door.upload(content=CONTENT)
    answer = door.get(PATH)
    assert answer.content == CONTENT
    assert answer.headers["etag"] == tag
    assert answer.headers["last-modified"] == formatdate(SECOND, usegmt=True)
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert answer.headers["content-security-policy"].startswith("sandbox allow-forms")
    assert answer.headers["x-xss-protection"] == "1; mode=block"


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("a-1-py3-none-any.whl", "application/zip"),
        ("a-1.tar.gz", "application/x-gzip"),
        ("a-1.weird", "application/octet-stream"),
    ],
)
def test_the_type_follows_from_the_name(door: Door, file: str, kind: str) -> None:
    door.upload("aa", "1", file=file)
    assert door.get(f"/repository/{HOSTED}/packages/aa/1/{file}").headers["content-type"] == kind


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"if-none-match": f'"{SHA1}"'}, 304),
        ({"if-none-match": f'"other", W/"{SHA1}"'}, 304),
        ({"if-none-match": "*"}, 304),
        ({"if-none-match": '"other"'}, 200),
        ({"if-modified-since": formatdate(SECOND, usegmt=True)}, 304),
        ({"if-modified-since": formatdate(SECOND - 1, usegmt=True)}, 200),
        ({"if-modified-since": "yesterday"}, 200),
        ({"if-none-match": '"other"', "if-modified-since": formatdate(SECOND, usegmt=True)}, 200),
    ],
)
def test_who_has_it_is_told_so(shared: Door, headers: dict[str, str], status: int) -> None:
    answer = shared.get(PATH, headers=headers)
    assert (answer.status_code, answer.content) == (status, b"" if status == 304 else CONTENT)
    assert answer.headers["etag"] == f'"{SHA1}"'


@pytest.mark.parametrize(
    ("asked", "begin", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=1000-", 1000, 1024),
        ("bytes=-24", 1000, 1024),
        ("bytes=1000-99999", 1000, 1024),
        ("bytes=-99999", 0, 1024),
    ],
)
def test_one_range_is_served(shared: Door, asked: str, begin: int, end: int) -> None:
    answer = shared.get(PATH, headers={"range": asked})
    assert (answer.status_code, answer.content) == (206, CONTENT[begin:end])
    assert answer.headers["content-range"] == f"bytes {begin}-{end - 1}/1024"
    assert answer.headers["content-length"] == str(end - begin)


def test_ranges_that_cannot_be_served(shared: Door) -> None:
    for asked in ("bytes=1024-", "bytes=5000-6000", "bytes=7-3", "bytes=-0"):
        outside = shared.get(PATH, headers={"range": asked})
        assert (outside.status_code, outside.headers["content-range"]) == (416, "bytes */1024")
    several = shared.get(PATH, headers={"range": "bytes=0-1,5-6"})
    assert (several.status_code, several.reason_phrase) == (501, "Multiple ranges not supported.")
    for ignored in ("bytes=", "bytes=-", "bytes=a-b", "lines=1-2"):
        assert shared.get(PATH, headers={"range": ignored}).status_code == 200
    changed = shared.get(PATH, headers={"range": "bytes=0-1", "if-range": '"other"'})
    assert (changed.status_code, changed.content) == (200, CONTENT)


def test_an_empty_file_is_a_file(door: Door) -> None:
    door.upload(content=b"")
    assert (door.get(PATH).status_code, door.get(PATH).content) == (200, b"")


def test_head_tells_whether_a_file_has_arrived_without_building_its_page(door: Door) -> None:
    assert door.ask("HEAD", PATH).status_code == 404
    door.upload(content=CONTENT)
    answer = door.ask("HEAD", PATH)
    assert (answer.status_code, answer.headers["etag"]) == (200, f'"{SHA1}"')
    assert list(door.assets()) == ["/packages/demo/1.0/demo-1.0.tar.gz"]


def test_a_download_is_noted_once_in_twelve_hours(open_index: Callable[..., Door]) -> None:
    now = 1_700_000_000.0
    door = open_index(clock=lambda: now)
    door.upload()

    def noted() -> str | None:
        (asset,) = door.assets().values()
        last: str | None = asset["lastDownloaded"]
        return last

    assert noted() is None
    for now, expected in [
        (1_700_000_010.0, "2023-11-14T22:13:30.000+00:00"),
        (1_700_000_020.0, "2023-11-14T22:13:30.000+00:00"),
        (1_700_050_000.0, "2023-11-15T12:06:40.000+00:00"),
    ]:
        door.get(PATH)
        door.upload(version=str(now))  # a write after it, so that the note is written too
        path = "/packages/demo/1.0/demo-1.0.tar.gz"
        assert door.assets()[path]["lastDownloaded"] == expected
