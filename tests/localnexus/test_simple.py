"""The simple index as installers read it."""

from __future__ import annotations

import hashlib
import re
import shutil
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest

from localnexus.door import CONTENT, message_on
from tooling.localnexus import GROUP, HOSTED

if TYPE_CHECKING:
    from collections.abc import Callable

    from localnexus.door import Door


def test_a_page_has_the_shape_nexus_gives_it(door: Door) -> None:
    file = "my_demo-1.0+local-py3-none-any.whl"
    door.upload("My.Demo", content=b"one", file=file)
    answer = door.get(f"/repository/{HOSTED}/simple/my-demo/")
    sha256 = hashlib.sha256(b"one").hexdigest()
    assert answer.headers["content-type"] == "text/html"
    assert answer.text.startswith('<html lang="en">')
    for part in [
        "<title>Links for my-demo</title>",
        "<h1>Links for my-demo</h1>",
        '<meta name="api-version" value="2"/>',
        f'<a href="../../packages/my-demo/1.0/{file}#sha256={sha256}" rel="internal">{file}</a><br/>',
    ]:
        assert part in answer.text
    assert "data-requires-python" not in answer.text


def test_both_forms_answer_alike_without_a_redirect(shared: Door) -> None:
    with_slash, without = (shared.get(f"/repository/{HOSTED}/simple/demo{end}") for end in ("/", ""))
    assert (without.status_code, without.text) == (200, with_slash.text)


def test_links_are_relative_to_the_form_with_the_slash(shared: Door) -> None:
    page = f"{shared.running.url}/repository/{HOSTED}/simple/demo"
    (href,) = shared.links("demo").values()
    assert shared.client.get(urljoin(f"{page}/", href)).content == CONTENT
    assert shared.client.get(urljoin(page, href)).status_code == 404


def test_the_name_is_not_normalised(door: Door) -> None:
    door.upload("my-demo")
    for name in ["My-Demo", "my_demo", "my.demo"]:
        answer = door.get(f"/repository/{HOSTED}/simple/{name}/")
        assert (answer.status_code, message_on(answer)) == (404, "Not Found")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/simple/", 200),
        ("/simple", 404),
        ("/simple/absent/", 404),
        ("/simple/a/b/", 200),
        ("/", 200),
        ("/index.html", 200),
        ("/anything", 404),
        ("/pypi/demo/json", 404),
        ("/packages/demo/1.0/demo-1.0.tar.gz.metadata", 404),
        ("/packages/d/1.0/d-1.0.tar.gz", 404),
    ],
)
def test_what_is_served_and_what_is_not(shared: Door, path: str, status: int) -> None:
    answer = shared.get(f"/repository/{HOSTED}{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html")


def test_the_list_of_projects_is_sorted(door: Door) -> None:
    for name in ("zeta", "Alpha", "my_demo"):
        door.upload(name)
    answer = door.get(f"/repository/{HOSTED}/simple/")
    assert "<title>Simple index</title>" in answer.text
    assert re.findall(r'<a href="([^"]+)/">([^<]+)</a><br/>', answer.text) == [
        (name, name) for name in ("alpha", "my-demo", "zeta")
    ]


def test_json_is_never_spoken(shared: Door) -> None:
    accept = {"accept": "application/vnd.pypi.simple.v1+json"}
    assert shared.get(f"/repository/{HOSTED}/simple/demo/", headers=accept).headers["content-type"] == "text/html"


def test_a_page_changes_with_every_upload_and_says_so_to_those_who_have_it(door: Door) -> None:
    door.upload()
    path = f"/repository/{HOSTED}/simple/demo/"
    first = door.get(path)
    known = {"if-none-match": first.headers["etag"]}
    assert door.get(path, headers=known).status_code == 304
    door.upload(version="2.0")
    second = door.get(path, headers=known)
    assert second.status_code == 200
    assert {"demo-1.0.tar.gz", "demo-2.0.tar.gz"} == set(door.links("demo"))


def test_head_is_answered_wherever_get_is(shared: Door) -> None:
    for path in ["simple/", "simple/demo/", "packages/demo/1.0/demo-1.0.tar.gz"]:
        got, head = (shared.ask(method, f"/repository/{HOSTED}/{path}") for method in ("GET", "HEAD"))
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(got.content))
        assert head.headers["etag"] == got.headers["etag"]


def test_md5_only_pages_are_those_of_an_old_server(door: Door) -> None:
    door.upload()
    door.faults.md5_only = True
    md5 = hashlib.md5(b"bytes", usedforsecurity=False).hexdigest()
    for repository in (HOSTED, GROUP):
        (href,) = door.links("demo", repository).values()
        assert href.endswith(f"#md5={md5}")
    (asset,) = (asset for path, asset in door.assets().items() if "packages" in path)
    assert set(asset["checksum"]) == {"md5", "sha1"}


def test_a_repository_that_denies_writing_cannot_even_keep_its_pages(open_index: Callable[..., Door]) -> None:
    door = open_index()
    door.upload()
    data = door.running.data
    for number, (dialect, statuses) in enumerate({"datastore": (400, 400), "orient": (400, 200)}.items()):
        copy = data.parent / f"copy-{number}"
        shutil.copytree(data, copy)
        (copy / "lock").unlink()
        denying = open_index(data=copy, write_policy="DENY", dialect=dialect)
        paths = [f"/repository/{HOSTED}/simple/", f"/repository/{HOSTED}/simple/demo/"]
        assert tuple(denying.get(path).status_code for path in paths) == statuses
