"""The Components and Assets calls: upload, list, show, delete."""

from __future__ import annotations

import hashlib
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from archives import make_sdist, make_wheel

from tooling.localnexus import GROUP, HOSTED, PROXY, add_user

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx2

    from localnexus.door import Door


PATH = "packages/demo/1.0.0/demo-1.0.0.tar.gz"


@pytest.fixture
def sdist(tmp_path: Path) -> tuple[str, bytes]:
    """File name and content of an sdist of `demo` 1.0.0."""
    made = make_sdist(tmp_path, "demo")
    return made.path.name, made.path.read_bytes()


def post(door: Door, *files: tuple[str, tuple[str, bytes]], repository: str = HOSTED, **more: Any) -> httpx2.Response:
    return door.rest("/components", "POST", params={"repository": repository}, files=list(files), **more)


def told(answer: httpx2.Response) -> tuple[int, str]:
    """Status and message of an error in the array shape."""
    assert answer.headers["content-type"] == "application/vnd.siesta-validation-errors-v1+json"
    ((entry),) = answer.json()
    assert entry["id"] == "*"
    return answer.status_code, entry["message"]


def test_an_archive_speaks_for_itself(door: Door, tmp_path: Path) -> None:
    wheel, sdist = make_wheel(tmp_path, "Maestro-Demo"), make_sdist(tmp_path, "Maestro-Demo")
    for artifact in (wheel, sdist):
        answer = post(door, ("pypi.asset", (artifact.path.name, artifact.path.read_bytes())))
        assert (answer.status_code, answer.content) == (204, b"")
    links = door.links("maestro-demo")
    assert {file: href.rpartition("=")[2] for file, href in links.items()} == {
        artifact.path.name: artifact.sha256 for artifact in (wheel, sdist)
    }
    page = door.get(f"/repository/{HOSTED}/simple/maestro-demo/").text
    assert page.count('data-requires-python="&gt;=3.11"') == 2


def test_a_file_without_a_name_is_called_by_what_is_in_it(door: Door, sdist: tuple[str, bytes]) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="asset"; filename=""\r\n\r\n' + sdist[1]
    headers = {"content-type": "multipart/form-data; boundary=b"}
    path = f"/components?repository={HOSTED}"
    assert door.rest(path, "POST", content=body + b"\r\n--b--\r\n", headers=headers).status_code == 204
    assert set(door.links("demo")) == {"demo-1.0.0.tar.gz"}


@pytest.mark.parametrize(
    ("dialect", "policy", "told"),
    [
        ("datastore", "ALLOW_ONCE", f"ValidationErrorXO{{id='*', message='{HOSTED}/{PATH} cannot be updated'}}"),
        ("datastore", "DENY", f"ValidationErrorXO{{id='*', message='{HOSTED}/{PATH} is read-only'}}"),
        ("orient", "ALLOW_ONCE", "Repository does not allow updating assets: pypi-hosted"),
        ("orient", "DENY", "Repository is read only: pypi-hosted"),
    ],
)
def test_a_taken_path_is_refused_as_plain_text(
    open_index: Callable[..., Door], sdist: tuple[str, bytes], dialect: str, policy: str, told: str
) -> None:
    door = open_index(dialect=dialect, write_policy=policy)
    post(door, ("pypi.asset", sdist))
    answer = post(door, ("pypi.asset", sdist))
    assert (answer.status_code, answer.text) == (400, told)
    assert answer.headers["content-type"] == "text/plain;charset=utf-8"


def test_what_cannot_be_uploaded_is_told(shared: Door) -> None:
    junk = ("pypi.asset", ("a.whl", b"junk"))
    assert told(post(shared, junk)) == (400, "Unable to extract PyPI metadata from provided archive.")
    assert told(post(shared, ("other", ("a.whl", b"x")))) == (400, "Unknown component field 'other'")
    assert told(post(shared, junk, data={"name": "x"})) == (400, "Unknown component field 'name'")
    assert told(post(shared, junk, data={"pypi.asset.size": "x"})) == (400, "Unknown field 'size' on asset '1'")
    assert post(shared, junk, junk).status_code == 400
    for kind, name in {"group": GROUP, "proxy": PROXY}.items():
        message = f"Uploading components to a '{kind}' type repository is unsupported, must be 'hosted'"
        assert told(post(shared, junk, repository=name)) == (400, message)
    empty = {"content": b"--b--\r\n", "headers": {"content-type": "multipart/form-data; boundary=b"}}
    path = f"/components?repository={HOSTED}"
    assert told(shared.rest(path, "POST", **empty)) == (400, "No assets found in upload")
    torn = empty | {"content": b'--b\r\nContent-Disposition: form-data; name="asset"; filename="a"\r\n\r\nhalf'}
    answer = shared.rest(path, "POST", **torn)
    assert (answer.status_code, answer.text.startswith("ERROR: (ID ")) == (500, True)
    assert shared.rest(path, "POST", json={}).status_code == 415
    assert shared.rest("/components", "POST").status_code == 422
    assert shared.rest("/components?repository=none", "POST").status_code == 404


def test_an_older_server_does_not_mind_the_part_name(open_index: Callable[..., Door], tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "demo")
    answer = post(open_index(dialect="orient"), ("whatever", (wheel.path.name, wheel.path.read_bytes())))
    assert answer.status_code == 204


def test_a_path_that_leads_elsewhere_is_refused(shared: Door, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "other").path.read_bytes()
    for file in ("../../evil.whl", "..", "a/b.whl"):
        path = f"packages/other/1.0.0/{file}"
        message = f"Path is not allowed to have '.' or '..' segments: '{path}'"
        assert told(post(shared, ("pypi.asset", (file, wheel)))) == (400, message)
    assert shared.links("other") == {}


def test_edit_is_needed_and_browse_or_read(door: Door, sdist: tuple[str, bytes]) -> None:
    part = ("pypi.asset", sdist)
    rights = {
        "edit alone": (["edit"], 403),
        "no edit": (["browse", "read", "add"], 400),
        "browse and edit": (["browse", "edit"], 204),
    }
    for userid, (actions, status) in rights.items():
        userid = userid.replace(" ", "-")  # noqa: PLW2901 - the sentence is the key
        add_user(door.running, userid, "secret", [f"nx-repository-view-pypi-{HOSTED}-{action}" for action in actions])
        answer = post(door, part, login=(userid, "secret"))
        assert answer.status_code == status, userid
        if status == 403:
            assert answer.content == b""
        if status == 400:
            assert told(answer)[1] == f"Not authorized for requested path '{PATH}'"


def test_without_credentials_it_depends_on_anonymous_access(
    open_index: Callable[..., Door], sdist: tuple[str, bytes]
) -> None:
    part = ("pypi.asset", sdist)
    on, off = (post(open_index(anonymous=anonymous), part, login=None) for anonymous in (True, False))
    assert told(on) == (400, f"Not authorized for requested path '{PATH}'")
    assert (off.status_code, off.content) == (403, b"")
    wrong = post(open_index(), part, login=("admin", "wrong"))
    assert (wrong.status_code, wrong.content) == (401, b"")


def test_an_asset_is_shown_as_nexus_shows_it(open_index: Callable[..., Door]) -> None:
    door = open_index(clock=lambda: 1_700_000_000.25)
    door.upload("My_Demo", content=b"bytes")
    (listed,) = door.rest(f"/assets?repository={HOSTED}").json()["items"]
    path = "packages/my-demo/1.0/My_Demo-1.0.tar.gz"
    assert listed == {
        "downloadUrl": f"{door.running.url}/repository/{HOSTED}/{path}",
        "path": f"/{path}",
        "id": listed["id"],
        "repository": HOSTED,
        "format": "pypi",
        "checksum": {
            name: hashlib.new(name, b"bytes", usedforsecurity=False).hexdigest() for name in ("md5", "sha1", "sha256")
        },
        "contentType": "application/x-gzip",
        "lastModified": "2023-11-14T22:13:20.250+00:00",
        "lastDownloaded": None,
        "uploader": "admin",
        "uploaderIp": "127.0.0.1",
        "fileSize": 5,
        "blobCreated": "2023-11-14T22:13:20.250+00:00",
        "blobStoreName": "default",
        "pypi": {"name": "My_Demo", "version": "1.0"},
    }
    assert door.rest(f"/assets/{listed['id']}").json() == listed
    (component,) = door.rest(f"/components?repository={GROUP}").json()["items"]
    assert component == {
        "id": component["id"],
        "repository": HOSTED,
        "format": "pypi",
        "group": None,
        "name": "my-demo",
        "version": "1.0",
        "assets": [listed],
    }
    assert door.rest(f"/components/{component['id']}").json() == component
    assert re.fullmatch("[A-Za-z0-9_-]+", component["id"])


def test_an_older_server_shows_paths_without_the_slash(open_index: Callable[..., Door]) -> None:
    door = open_index(dialect="orient")
    door.upload()
    assert list(door.assets()) == ["packages/demo/1.0/demo-1.0.tar.gz"]


def test_uploads_by_rest_have_sha512_too(door: Door, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "demo")
    post(door, ("pypi.asset", (wheel.path.name, wheel.path.read_bytes())))
    (asset,) = door.assets().values()
    assert set(asset["checksum"]) == {"md5", "sha1", "sha256", "sha512"}


def test_listings_come_in_pages_of_a_hundred(door: Door) -> None:
    """104 files in as many projects, and as many kept pages: every one is listed once."""

    def add(number: int) -> None:
        door.upload(f"demo{number}").raise_for_status()
        assert door.links(f"demo{number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(104)))
    for call, expected, pages in (("components", 104, [100, 4]), ("assets", 208, [100, 100, 8])):
        seen: list[str] = []
        sizes = []
        token: str | None = ""
        while token is not None:
            query = {"repository": HOSTED} | ({"continuationToken": token} if token else {})
            answer = door.rest(f"/{call}", params=query).json()
            seen += [item["id"] for item in answer["items"]]
            sizes.append(len(answer["items"]))
            token = answer["continuationToken"]
        assert (len(set(seen)), sizes) == (expected, pages)


def test_a_component_goes_with_all_its_files(door: Door) -> None:
    door.upload(file="demo-1.0-py3-none-any.whl")
    door.upload(file="demo-1.0.tar.gz")
    door.upload(version="2.0")
    assert len(door.links("demo")) == 3
    items = door.rest(f"/components?repository={HOSTED}").json()["items"]
    (doomed,) = (each for each in items if each["version"] == "1.0")
    answer = door.rest(f"/components/{doomed['id']}", "DELETE")
    assert (answer.status_code, answer.content) == (204, b"")
    assert set(door.links("demo")) == {"demo-2.0.tar.gz"}
    assert door.rest(f"/components/{doomed['id']}", "DELETE").status_code == 404
    assert len(list((door.running.data / "blobs").iterdir())) == 1
    assert door.upload(file="demo-1.0.tar.gz").status_code == 200


def test_the_last_asset_takes_its_component_and_its_page_along(door: Door) -> None:
    door.upload()
    door.links("demo")
    asset = door.assets()["/packages/demo/1.0/demo-1.0.tar.gz"]
    assert door.rest(f"/assets/{asset['id']}", "DELETE").status_code == 204
    assert door.rest(f"/components?repository={HOSTED}").json()["items"] == []
    assert door.get(f"/repository/{HOSTED}/simple/demo/").status_code == 404
    assert not door.assets()


def test_a_kept_page_is_an_asset(door: Door) -> None:
    door.upload()
    assert "/simple/demo/" not in door.assets()
    text = door.get(f"/repository/{HOSTED}/simple/demo/").content
    page = door.assets()["/simple/demo/"]
    assert (page["contentType"], page["fileSize"]) == ("text/html", len(text))
    assert page["checksum"]["sha1"] == hashlib.sha1(text, usedforsecurity=False).hexdigest()
    assert door.rest(f"/assets/{page['id']}").json() == page
    assert door.rest(f"/assets/{page['id']}", "DELETE").status_code == 204
    assert "/simple/demo/" not in door.assets()
    assert door.rest(f"/assets/{page['id']}", "DELETE").status_code == 404


def test_deleting_needs_the_right_to(door: Door) -> None:
    door.upload()
    (asset,) = door.assets().values()
    add_user(
        door.running,
        "publisher",
        "secret",
        [f"nx-repository-view-pypi-{HOSTED}-{each}" for each in ("add", "edit", "read", "browse")],
    )
    refused = door.rest(f"/assets/{asset['id']}", "DELETE", login=("publisher", "secret"))
    assert (refused.status_code, refused.content) == (403, b"")
    assert door.rest(f"/assets/{asset['id']}", "DELETE", login=None).status_code == 403
    assert len(door.assets()) == 1


def test_nothing_is_deleted_where_writing_is_denied(open_index: Callable[..., Door], tmp_path: Path) -> None:
    with_files = open_index(data=tmp_path / "one")
    with_files.upload()
    shutil.copytree(tmp_path / "one", tmp_path / "two", ignore=shutil.ignore_patterns("lock"))
    door = open_index(data=tmp_path / "two", write_policy="DENY")
    (asset,) = door.rest(f"/assets?repository={HOSTED}").json()["items"]
    answer = door.rest(f"/assets/{asset['id']}", "DELETE")
    assert (answer.status_code, "cannot be deleted" in answer.text) == (400, True)


@pytest.mark.parametrize("call", ["components", "assets"])
def test_ids_that_are_none_are_told_from_ids_of_nothing(shared: Door, call: str) -> None:
    item = shared.rest(f"/{call}?repository={HOSTED}").json()["items"][0]
    for garbage in ("garbage", "%20", "cHlwaS1ob3N0ZWQ", item["id"] + "x", "a" * 5):
        assert shared.rest(f"/{call}/{garbage}").status_code == 422
    unknown = "cHlwaS1ob3N0ZWQ6MDAwMDAwMDAwMDAwMDAwMA"
    elsewhere = "bm9uZTowMDAwMDAwMDAwMDAwMDAw"
    for absent in (unknown, elsewhere):
        assert shared.rest(f"/{call}/{absent}").status_code == 404
    assert shared.rest(f"/{call}?repository={HOSTED}&continuationToken=garbage").status_code == 422
