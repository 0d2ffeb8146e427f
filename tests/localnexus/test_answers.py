"""What holds for every answer, and the answers that come before any route."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from localnexus.door import message_on
from tooling.localnexus import GROUP, HOSTED, PROXY, add_user

if TYPE_CHECKING:
    from collections.abc import Callable

    from localnexus.door import Door


def test_every_answer_names_the_server_and_forbids_sniffing(door: Door) -> None:
    door.upload()
    answers = [
        door.get("/"),
        door.get(f"/repository/{HOSTED}/simple/demo/"),
        door.get(f"/repository/{HOSTED}/absent"),
        door.get("/repository/none/"),
        door.upload(),
        door.upload(login=("admin", "wrong")),
        door.rest("/status"),
        door.rest("/nothing"),
        door.rest("/components", params={"repository": "none"}),
    ]
    for answer in answers:
        assert answer.headers["server"] == "Nexus/3.85.0-03 (COMMUNITY)"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "date" in answer.headers
    garbage = door.raw(b"this is no http\r\n\r\n")
    assert garbage.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"Nexus/3.85.0-03 (COMMUNITY)" in garbage


def test_an_orient_server_is_an_older_one(open_index: Callable[..., Door]) -> None:
    assert open_index(dialect="orient").rest("/status").headers["server"] == "Nexus/3.70.1-02 (OSS)"


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        (f"/repository/{HOSTED}", 400, "Repository path must have another '/' after initial '/'"),
        ("/repository/none", 400, "Repository path must have another '/' after initial '/'"),
        (f"/repository/{HOSTED}/simple/%2e%2e/x", 400, "Repository path must not contain a relative token"),
        (f"/repository/{HOSTED}/./simple/", 400, "Repository path must not contain a relative token"),
        ("/repository/none/simple/", 404, "Repository not found"),
        (f"/repository/{HOSTED}/simple", 404, "Not Found"),
    ],
)
def test_paths_are_checked_before_anything_else(shared: Door, path: str, status: int, told: str) -> None:
    raw = shared.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()).decode()
    assert raw.startswith(f"HTTP/1.1 {status} {told}\r\n")


def test_the_error_page_has_the_parts_that_clients_look_for(shared: Door) -> None:
    answer = shared.get("/repository/no<b>ne/simple/")
    assert (answer.status_code, message_on(answer)) == (404, "Repository not found")
    assert answer.headers["content-type"] == "text/html"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "no-cache" in answer.headers["cache-control"]
    for part in [
        "<title>404 - Sonatype Nexus Repository</title>",
        '<span class="title">Error 404</span>',
        '<span class="description">Not Found</span>',
        'class="product-spec"',
    ]:
        assert part in answer.text


def test_unmatched_methods_are_a_404_without_a_privilege_check(open_index: Callable[..., Door]) -> None:
    door = open_index(anonymous=False)
    for method in ("PUT", "DELETE", "PATCH"):
        assert door.ask(method, f"/repository/{HOSTED}/packages/a/1/a.whl", login=None).status_code == 404
    assert door.ask("HEAD", f"/repository/{HOSTED}/", login=None).status_code == 404
    assert door.get(f"/repository/{HOSTED}/", login=None).status_code == 401


@pytest.mark.parametrize("host", ["", "a b", "x/y", "h:port", "[::1", "evil\\x"])
def test_a_malformed_host_is_an_empty_400(shared: Door, host: str) -> None:
    raw = shared.raw(f"GET /service/rest/v1/status HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert raw.startswith(b"HTTP/1.1 400 ")
    assert raw.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "sent",
    [
        "Basic !!!",
        "Basic " + base64.b64encode(b"no colon").decode(),
        "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
        "Basic " + base64.b64encode(b"admin:").decode(),
        "basic " + base64.b64encode(b"anonymous:").decode(),
    ],
)
def test_bad_credentials_are_refused_everywhere_even_where_anonymous_may_read(shared: Door, sent: str) -> None:
    for path in [f"/repository/{HOSTED}/simple/", "/service/rest/v1/status", "/service/rest/v1/repositories", "/x"]:
        answer = shared.get(path, login=None, headers={"authorization": sent})
        assert (answer.status_code, answer.content) == (401, b"")
        assert answer.headers["www-authenticate"].startswith("BASIC realm=")
        assert "content-type" not in answer.headers
        assert "x-siesta-faultid" not in answer.headers


def test_another_scheme_counts_as_no_credentials(shared: Door) -> None:
    headers = {"authorization": "Bearer NpmToken.x"}
    assert shared.get(f"/repository/{HOSTED}/simple/", login=None, headers=headers).status_code == 200


def test_the_two_worlds_refuse_differently(open_index: Callable[..., Door]) -> None:
    """Without credentials: 401 on repository paths, 403 by REST. Known but not allowed: 403, HTML and empty."""
    door = open_index(anonymous=False)
    add_user(door.running, "weak", "secret", [])
    content, rest = f"/repository/{HOSTED}/simple/", f"/service/rest/v1/components?repository={HOSTED}"
    assert door.get(content, login=None).status_code == 401
    refused = door.get(rest, login=None)
    assert (refused.status_code, refused.content) == (403, b"")
    assert "x-siesta-faultid" in refused.headers
    weak = door.get(content, login=("weak", "secret"))
    assert (weak.status_code, weak.headers["content-type"]) == (403, "text/html")
    assert door.get(rest, login=("weak", "secret")).content == b""


def test_a_group_needs_the_right_to_the_group_only(open_index: Callable[..., Door]) -> None:
    door = open_index(anonymous=False)
    door.upload()
    add_user(door.running, "installer", "secret", [f"nx-repository-view-pypi-{GROUP}-read"])
    login = ("installer", "secret")
    assert door.get(f"/repository/{GROUP}/simple/demo/", login=login).status_code == 200
    assert door.get(f"/repository/{GROUP}/packages/demo/1.0/demo-1.0.tar.gz", login=login).content == b"bytes"
    assert door.get(f"/repository/{HOSTED}/simple/demo/", login=login).status_code == 403


def test_rest_errors_without_a_body_carry_a_fault_id(shared: Door) -> None:
    for answer, status in [
        (shared.rest("/nothing"), 404),
        (shared.rest("/components"), 422),
        (shared.rest("/components", params={"repository": "none"}), 404),
        (shared.rest("/status", "DELETE"), 405),
    ]:
        assert (answer.status_code, answer.content) == (status, b"")
        assert len(answer.headers["x-siesta-faultid"]) == 36


def test_a_context_path_comes_before_everything(open_index: Callable[..., Door]) -> None:
    door = open_index(context_path="/nexus/")
    assert door.running.url.endswith("/nexus")
    door.upload()
    assert set(door.links("demo")) == {"demo-1.0.tar.gz"}
    (asset,) = (asset for path, asset in door.assets().items() if "packages" in path)
    assert door.client.get(asset["downloadUrl"]).content == b"bytes"
    outside = door.client.get(door.running.url.removesuffix("/nexus") + f"/repository/{HOSTED}/simple/")
    assert outside.status_code == 404


def test_addresses_follow_the_request_and_its_forwarded_headers(shared: Door) -> None:
    for headers, base in [
        ({"host": "here:81"}, "http://here:81"),
        ({"host": "x", "x-forwarded-proto": "https", "x-forwarded-host": "nexus.example"}, "https://nexus.example"),
    ]:
        listed = shared.rest("/repositories", headers=headers).json()
        assert [(each["name"], each["type"], each["format"]) for each in listed] == [
            (HOSTED, "hosted", "pypi"),
            (PROXY, "proxy", "pypi"),
            (GROUP, "group", "pypi"),
        ]
        assert listed[0]["url"] == f"{base}/repository/{HOSTED}"


def test_one_repository_is_shown_or_absent(shared: Door) -> None:
    shown = shared.rest(f"/repositories/{GROUP}").json()
    assert (shown["type"], shown["url"]) == ("group", f"{shared.running.url}/repository/{GROUP}")
    assert shared.rest("/repositories/none").status_code == 404


def test_only_proxies_and_groups_have_a_cache_to_invalidate(door: Door) -> None:
    hosted = door.rest(f"/repositories/{HOSTED}/invalidate-cache", "POST")
    assert (hosted.status_code, hosted.text) == (
        400,
        '"You can invalidate cache of proxy or group repository only"',
    )
    assert door.rest(f"/repositories/{HOSTED}/rebuild-index", "POST").status_code == 204
    for name in (PROXY, GROUP):
        assert door.rest(f"/repositories/{name}/invalidate-cache", "POST").status_code == 204
        assert door.rest(f"/repositories/{name}/invalidate-cache", "POST", login=None).status_code == 403
