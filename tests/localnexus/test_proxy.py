"""The proxy and the group, with another index of ours as the public one."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from localnexus.door import message_on, wait_until
from tooling.localnexus import GROUP, HOSTED, PROXY, add_user

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localnexus.door import Clock, Door

MINUTE = 60.0


@pytest.fixture
def public(open_index: Callable[..., Door]) -> Door:
    """Stands for the public index: `lib` in two versions."""
    made = open_index()
    for version in ("1.0", "2.0"):
        made.upload("lib", version, content=version.encode(), fields={"requires_python": ">=3.8"})
    return made


@pytest.fixture
def door(open_index: Callable[..., Door], public: Door, clock: Clock) -> Door:
    """The index under test, with `public` behind its proxy."""
    return open_index(upstream=index_of(public), clock=clock)


def index_of(door: Door) -> str:
    return f"{door.running.url}/repository/{HOSTED}/simple/"


def counted(door: Door) -> list[str]:
    """The paths that are asked of an index from now on."""
    seen: list[str] = []
    door.faults.on_request = lambda _method, path: seen.append(path)
    return seen


FILE = f"/repository/{PROXY}/packages/lib/1.0/lib-1.0.tar.gz"
PAGE = f"/repository/{PROXY}/simple/lib/"


def test_a_page_is_rewritten_to_files_of_our_own(door: Door) -> None:
    sha256 = hashlib.sha256(b"1.0").hexdigest()
    assert door.links("lib", PROXY)["lib-1.0.tar.gz"] == f"../../packages/lib/1.0/lib-1.0.tar.gz#sha256={sha256}"
    assert door.get(PAGE).text.count('data-requires-python="&gt;=3.8"') == 2
    assert set(door.links("lib", GROUP)) == {"lib-1.0.tar.gz", "lib-2.0.tar.gz"}


def test_a_file_is_fetched_once_and_kept(door: Door, public: Door) -> None:
    seen = counted(public)
    first, second = door.get(FILE), door.get(FILE)
    assert (first.content, second.content) == (b"1.0", b"1.0")
    assert second.headers["etag"] == f'"{hashlib.sha1(b"1.0", usedforsecurity=False).hexdigest()}"'
    assert len([path for path in seen if "packages" in path]) == 1
    (asset,) = door.rest(f"/assets?repository={PROXY}").json()["items"]
    assert asset["path"] == "/packages/lib/1.0/lib-1.0.tar.gz"


def test_heads_and_ranges_fetch_the_file_too(door: Door) -> None:
    assert door.ask("HEAD", FILE).headers["content-length"] == "3"
    part = door.get(FILE.replace("1.0", "2.0"), headers={"range": "bytes=0-0"})
    assert (part.status_code, part.content) == (206, b"2")


def test_what_is_not_upstream_is_a_404_and_through_the_group_an_empty_page(door: Door) -> None:
    assert door.get(f"/repository/{PROXY}/simple/absent/").status_code == 404
    group = door.get(f"/repository/{GROUP}/simple/absent/")
    assert (group.status_code, "<a " in group.text) == (200, False)
    assert door.get(FILE.replace("1.0.tar", "1.0-py3-none-any.whl.tar")).status_code == 404
    assert door.get(f"/repository/{GROUP}/packages/absent/1/absent-1.tar.gz").status_code == 404


def test_a_page_is_fresh_for_its_time(door: Door, public: Door, clock: Clock) -> None:
    door.links("lib", PROXY)
    public.upload("lib", "3.0")
    clock.now += 1439 * MINUTE
    assert len(door.links("lib", PROXY)) == 2
    clock.now += 2 * MINUTE
    assert len(door.links("lib", PROXY)) == 3


def test_a_page_can_be_asked_for_again_at_once(door: Door, public: Door) -> None:
    for count, name in ((3, PROXY), (4, GROUP)):
        door.links("lib", PROXY)
        public.upload("lib", f"{count}.0")
        assert len(door.links("lib", PROXY)) == count - 1
        assert door.rest(f"/repositories/{name}/invalidate-cache", "POST").status_code == 204
        assert len(door.links("lib", PROXY)) == count


def test_an_absence_is_remembered_for_its_time(door: Door, public: Door, clock: Clock) -> None:
    assert door.links("late", PROXY) == {}
    public.upload("late")
    assert door.links("late", PROXY) == {}
    clock.now += 1441 * MINUTE
    assert len(door.links("late", PROXY)) == 1


def test_without_a_negative_cache_a_release_is_seen_at_once(open_index: Callable[..., Door], public: Door) -> None:
    door = open_index(upstream=index_of(public), negative_max_age=0)
    assert door.links("late", PROXY) == {}
    public.upload("late")
    assert len(door.links("late", PROXY)) == 1


def test_when_upstream_is_away_what_was_fetched_is_served(
    open_index: Callable[..., Door], public: Door, clock: Clock
) -> None:
    door = open_index(upstream=index_of(public), clock=clock, content_max_age=10)
    for path in (PAGE, FILE):
        door.get(path)
    clock.now += 10_000 * MINUTE
    public.faults.reset_before_share = 1.0
    assert len(door.links("lib", PROXY)) == 2
    assert door.get(FILE).content == b"1.0"
    public.faults.reset_before_share = 0.0
    public.faults.unavailable_share = 1.0
    assert len(door.links("lib", GROUP)) == 2


@pytest.mark.parametrize(("switch", "status"), [("reset_before_share", 502), ("unavailable_share", 503)])
def test_when_upstream_fails_and_nothing_is_kept_it_is_told(door: Door, public: Door, switch: str, status: int) -> None:
    setattr(public.faults, switch, 1.0)
    for path in (PAGE, FILE, PAGE.replace(PROXY, GROUP), FILE.replace(PROXY, GROUP)):
        answer = door.get(path)
        assert (answer.status_code, message_on(answer).startswith("The remote ")) == (status, True)
    setattr(public.faults, switch, 0.0)
    assert door.get(FILE).content == b"1.0"


def test_a_failing_proxy_does_not_hide_what_is_hosted(door: Door, public: Door) -> None:
    door.upload("own")
    public.faults.unavailable_share = 1.0
    assert len(door.links("own", GROUP)) == 1
    assert door.get(f"/repository/{GROUP}/packages/own/1.0/own-1.0.tar.gz").content == b"bytes"


def test_a_blocked_remote_serves_what_it_has_and_else_404(door: Door) -> None:
    door.links("lib", PROXY)
    door.faults.upstream_blocked = True
    assert len(door.links("lib", PROXY)) == 2
    assert door.get(FILE).status_code == 404
    assert door.get(f"/repository/{PROXY}/simple/other/").status_code == 404


def test_beyond_the_usage_limit_nothing_new_is_fetched(door: Door) -> None:
    door.get(FILE)
    door.faults.limit_reached = True
    assert door.get(FILE).content == b"1.0"
    refused = door.get(FILE.replace("1.0", "2.0"))
    assert (refused.status_code, message_on(refused).startswith("PAYMENT REQUIRED")) == (403, True)


def test_a_project_of_our_own_is_never_served_from_upstream(door: Door, public: Door) -> None:
    """A higher version of the same name upstream is neither listed nor handed out through the group."""
    public.upload("Our_Own", "99.0", content=b"evil", file="our_own-99.0.tar.gz")
    evil = f"/repository/{GROUP}/packages/our-own/99.0/our_own-99.0.tar.gz"
    assert door.get(evil).content == b"evil"
    door.upload("our-own", "1.0", content=b"good", file="our_own-1.0.tar.gz")
    for name in ("our-own", "Our_Own", "our.own"):
        assert "our_own-99.0.tar.gz" not in door.links(name, GROUP)
    assert set(door.links("our-own", GROUP)) == {"our_own-1.0.tar.gz"}
    for path in (evil, evil.replace("our-own", "Our_Own")):
        assert door.get(path).status_code == 404


def test_without_the_guard_members_are_merged_and_the_first_wins(open_index: Callable[..., Door], public: Door) -> None:
    door = open_index(upstream=index_of(public), guarded=False)
    door.upload("lib", "1.0", content=b"ours")
    links = door.links("lib", GROUP)
    assert set(links) == {"lib-1.0.tar.gz", "lib-2.0.tar.gz"}
    assert hashlib.sha256(b"ours").hexdigest() in links["lib-1.0.tar.gz"]
    assert door.get(FILE.replace(PROXY, GROUP)).content == b"ours"


def test_the_list_of_projects_of_the_group_asks_nobody(door: Door, public: Door) -> None:
    """The public index has about a million projects; the group lists what is here."""
    door.upload("own")
    door.links("lib", GROUP)
    public.upload("never-asked-for")
    seen = counted(public)
    page = door.get(f"/repository/{GROUP}/simple/").text
    assert [name for name in ("lib", "own", "never-asked-for") if f">{name}</a>" in page] == ["lib", "own"]
    assert seen == []
    assert ">never-asked-for</a>" in door.get(f"/repository/{PROXY}/simple/").text


def test_many_who_want_the_same_at_once_ask_upstream_once(door: Door, public: Door) -> None:
    seen = counted(public)
    public.faults.delay_seconds = 0.05
    with ThreadPoolExecutor(16) as pool:
        pages = list(pool.map(lambda _: door.get(PAGE).status_code, range(16)))
        files = list(pool.map(lambda _: door.get(FILE).content, range(16)))
    assert (set(pages), set(files)) == ({200}, {b"1.0"})
    assert sorted(path.split("/")[3] for path in seen) == ["packages", "simple"]


def test_credentials_in_the_upstream_address_are_sent_and_not_shown(open_index: Callable[..., Door]) -> None:
    public = open_index(anonymous=False)
    public.upload("lib")
    add_user(public.running, "mirror", "p@ss:w/rd%", ["nx-repository-view-*-*-read"])
    address = index_of(public).replace("http://", "http://mirror:p%40ss%3Aw%2Frd%25@")
    door = open_index(upstream=address)
    assert door.get(FILE).content == b"bytes"
    shown = json.dumps(door.rest("/repositories").json()) + door.get(PAGE).text
    assert "mirror" not in shown
    for file in door.running.data.rglob("*"):
        content = file.read_bytes() if file.is_file() else b""
        assert not any(secret in content for secret in (b"p@ss:w/rd%", b"p%40ss%3Aw%2Frd%25"))


def test_a_proxied_file_outlives_the_server(open_index: Callable[..., Door], public: Door) -> None:
    first = open_index(upstream=index_of(public))
    first.get(FILE)
    public.faults.unavailable_share = 1.0
    copy = first.running.data.with_name("copy")
    shutil.copytree(first.running.data, copy, ignore=shutil.ignore_patterns("lock"))
    second = open_index(upstream=index_of(public), data=copy)
    assert second.get(FILE).content == b"1.0"
    assert len(second.links("lib", PROXY)) == 2


class Upstream:
    """An index that answers as a test tells it: path → (headers, pieces of the body)."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[dict[str, str], list[bytes]]] = {}
        self.go_on = threading.Event()
        self.url = ""

    def json(self, name: str, *files: dict[str, Any]) -> None:
        body = json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": list(files)}).encode()
        self.pages[f"/simple/{name}/"] = ({"content-type": "application/vnd.pypi.simple.v1+json"}, [body])


@pytest.fixture
def odd() -> Iterator[Upstream]:
    """An upstream index of which every byte can be chosen; it waits for `go_on` before the last piece of a body."""
    with upstream() as made:
        yield made


@contextmanager
def upstream() -> Iterator[Upstream]:
    told = Upstream()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers, pieces = told.pages.get(self.path, ({}, []))
            self.send_response(200 if pieces else 404)
            for name, value in ({"content-length": str(sum(map(len, pieces)))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            for piece in pieces[:-1]:
                self.wfile.write(piece)
                self.wfile.flush()
                told.go_on.wait(10)
            self.wfile.write(b"".join(pieces[-1:]))
            if "content-length" in headers:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield told
        finally:
            told.go_on.set()
            server.shutdown()
            thread.join()


def test_an_upstream_that_speaks_json_is_understood(open_index: Callable[..., Door], odd: Upstream) -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    listed = {"filename": "lib-1.0.tar.gz", "url": "../../f", "hashes": {"sha256": digest}}
    odd.json("lib", listed | {"requires-python": ">=3"})
    odd.pages["/f"] = ({}, [b"x"])
    door = open_index(upstream=f"{odd.url}/simple")
    assert door.links("lib", PROXY) == {"lib-1.0.tar.gz": f"../../packages/lib/1.0/lib-1.0.tar.gz#sha256={digest}"}
    assert door.get(FILE).content == b"x"
    assert 'data-requires-python="&gt;=3"' in door.get(PAGE).text


def test_html_of_every_kind_is_understood(open_index: Callable[..., Door], odd: Upstream) -> None:
    page = (
        "<!DOCTYPE html><html><body>\n"
        "<A HREF='/f/lib-1.0.tar.gz#sha256=aa' data-requires-python='>=3.8' data-yanked=''>lib-1.0.tar.gz</A>\n"
        '<a class=x\n href="/f/lib-2.0-py3-none-any.whl" data-requires-python="&gt;=3.9,<4" >\n lib <b>2</b></a>'
        '<a href="/f/lib-3.0%2Blocal.zip#md5=bb">lib-3.0+local.zip</a></body></html>'
    )
    odd.pages["/simple/lib/"] = ({"content-type": "text/html; charset=utf-8"}, [page.encode()])
    door = open_index(upstream=f"{odd.url}/simple/")
    assert door.links("lib", PROXY) == {
        "lib-1.0.tar.gz": "../../packages/lib/1.0/lib-1.0.tar.gz#sha256=aa",
        "lib-2.0-py3-none-any.whl": "../../packages/lib/2.0/lib-2.0-py3-none-any.whl",
        "lib-3.0+local.zip": "../../packages/lib/3.0+local/lib-3.0+local.zip#md5=bb",
    }
    text = door.get(PAGE).text
    assert "yanked" not in text
    assert 'data-requires-python="&gt;=3.9,&lt;4"' in text


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"files": [{}]}', b'{"files": 3}'])
def test_a_page_that_is_not_what_it_says_is_a_503(open_index: Callable[..., Door], odd: Upstream, body: bytes) -> None:
    odd.pages["/simple/lib/"] = ({"content-type": "application/vnd.pypi.simple.v1+json"}, [body])
    assert open_index(upstream=f"{odd.url}/simple/").get(PAGE).status_code == 503


def test_a_page_of_other_projects_is_an_absence(open_index: Callable[..., Door], odd: Upstream) -> None:
    odd.json("lib", {"filename": "other-1.0.tar.gz", "url": "f", "hashes": {}})
    assert open_index(upstream=f"{odd.url}/simple/").get(PAGE).status_code == 404


def test_a_file_is_handed_on_while_it_is_still_arriving(open_index: Callable[..., Door], odd: Upstream) -> None:
    head, tail = bytes(1 << 20), b"the end"
    odd.json("lib", {"filename": "lib-1.0.tar.gz", "url": "/f", "hashes": {}})
    odd.pages["/f"] = ({}, [head, tail])
    door = open_index(upstream=f"{odd.url}/simple/")
    with door.client.stream("GET", door.running.url + FILE, auth=door.admin) as answer:
        pieces = answer.iter_bytes()
        received = bytearray(next(pieces))
        while len(received) < len(head) // 2:
            received += next(pieces)
        assert not odd.go_on.is_set()
        odd.go_on.set()
        for piece in pieces:
            received += piece
    assert received == head + tail
    wait_until(lambda: len(door.rest(f"/assets?repository={PROXY}").json()["items"]) == 1)
    assert door.get(FILE).content == head + tail


@pytest.mark.parametrize("fault", ["another hash", "cut short"])
def test_a_file_that_does_not_arrive_whole_is_never_taken_for_one(
    open_index: Callable[..., Door], odd: Upstream, fault: str
) -> None:
    content = bytes(1 << 18)
    digest = "00" * 32 if fault == "another hash" else hashlib.sha256(content).hexdigest()
    odd.json("lib", {"filename": "lib-1.0.tar.gz", "url": "/f", "hashes": {"sha256": digest}})
    odd.pages["/f"] = ({"content-length": str(len(content) * (1 if fault == "another hash" else 2))}, [content])
    odd.go_on.set()
    door = open_index(upstream=f"{odd.url}/simple/")
    with pytest.raises(httpx2.TransportError):
        door.get(FILE)
    assert door.ask("HEAD", FILE).status_code == 502
    assert door.rest(f"/assets?repository={PROXY}").json()["items"] == []
    wait_until(lambda: not list((door.running.data / "incoming").iterdir()))


def test_the_upstream_is_what_pip_is_set_to_use(
    open_index: Callable[..., Door], public: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", index_of(public))
    door = open_index()
    seen = counted(public)
    assert len(door.links("lib", GROUP)) == 2
    assert len(seen) == 1
