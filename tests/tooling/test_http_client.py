"""The one HTTP client: what it sends to whom, what it tries again, and its sentences when nobody answers."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from scripted_server import Request, Response, scripted_server

from tooling.effects.connections import Timeouts
from tooling.effects.http_client import PAGE_BYTES, HttpClient
from tooling.effects.http_failures import ConnectionLostError
from tooling.effects.index_clients import open_index
from tooling.errors import FailedError, MaestroError, StoppedError
from tooling.model.secret import Secret
from tooling.model.target import Credentials, read_target
from tooling.plan.retry import Backoff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PASSWORD = "p@:/%\"$' ä"
CI = Credentials(username="ci", password=Secret(PASSWORD))
OPENSSL = (
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1 "
    "-addext subjectAltName=IP:127.0.0.1"
)
BASIC = "Basic Y2k6cEA6LyUiJCcgw6Q="


@dataclass(slots=True)
class VirtualClock:
    """Time that passes only by sleeping."""

    at: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds

    def draw(self) -> float:
        return 0.5


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def client(clock: VirtualClock) -> Iterator[Callable[..., HttpClient]]:
    opened: list[HttpClient] = []

    def open_client(base: str, credentials: Credentials | None = CI, **more: Timeouts | Backoff) -> HttpClient:
        opened.append(HttpClient(base, credentials, clock, **more))  # type: ignore[arg-type]
        return opened[-1]

    yield open_client
    for each in opened:
        each.close()


def test_credentials_are_sent_unasked_and_no_cookie_is_kept(client: Callable[..., HttpClient]) -> None:
    with scripted_server(lambda _: Response(headers={"Set-Cookie": "NXSESSIONID=1; Path=/"})) as server:
        http = client(server.url)
        http.read(f"{server.url}/a")
        http.read(f"{server.url}/b")
    assert [each.headers.get("authorization") for each in server.requests] == [BASIC, BASIC]
    assert all("cookie" not in each.headers for each in server.requests)


def test_credentials_go_to_no_other_server_whatever_a_redirect_says(client: Callable[..., HttpClient]) -> None:
    with (
        scripted_server(lambda _: Response(body=b"theirs")) as other,
        scripted_server(lambda _: Response(status=302, headers={"Location": f"{other.url}/x"})) as server,
    ):
        reply = client(server.url).read(f"{server.url}/a")
    assert (reply.body, reply.url) == ("theirs", f"{other.url}/x")
    assert "authorization" in server.requests[0].headers
    assert "authorization" not in other.requests[0].headers


def test_a_write_follows_no_redirect(client: Callable[..., HttpClient]) -> None:
    with scripted_server(lambda _: Response(status=307, headers={"Location": "/elsewhere"})) as server:
        reply = client(server.url).write(f"{server.url}/", body=[b"x"], headers={"Content-Length": "1"})
    assert (reply.status, reply.headers["location"]) == (307, "/elsewhere")
    assert [each.path for each in server.requests] == ["/"]


def test_redirects_in_a_circle_end(client: Callable[..., HttpClient]) -> None:
    with (
        scripted_server(lambda _: Response(status=302, headers={"Location": "/again"})) as server,
        pytest.raises(FailedError, match="circles") as caught,
    ):
        client(server.url).read(f"{server.url}/")
    assert caught.value.code == "IX14"


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://x/", "http://[", "gopher:x"])
def test_a_redirect_to_what_is_not_the_web_is_not_followed(location: str, client: Callable[..., HttpClient]) -> None:
    with scripted_server(lambda _: Response(status=302, headers={"Location": location})) as server:
        http = client(server.url)
        with pytest.raises(MaestroError):
            http.read(f"{server.url}/")


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_reads_try_again_what_passes(status: int, client: Callable[..., HttpClient], clock: VirtualClock) -> None:
    replies = iter([Response(status=status), Response(status=status), Response(body=b"fine")])
    with scripted_server(lambda _: next(replies)) as server:
        assert client(server.url).read(f"{server.url}/").body == "fine"
    assert clock.slept == [0.1, 0.2]


def test_reads_try_again_after_broken_connections(client: Callable[..., HttpClient], clock: VirtualClock) -> None:
    replies = iter([Response(hang_up=True), Response(body=b"half", length=9), Response(body=b"fine")])
    with scripted_server(lambda _: next(replies)) as server:
        assert client(server.url).read(f"{server.url}/").body == "fine"
    assert len(clock.slept) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
def test_reads_do_not_try_again_what_stays(status: int, client: Callable[..., HttpClient], clock: VirtualClock) -> None:
    with scripted_server(lambda _: Response(status=status, reason="Because")) as server:
        reply = client(server.url).read(f"{server.url}/")
    assert (reply.status, reply.message, clock.slept) == (status, "Because", [])


def test_the_servers_wish_is_the_least_pause(client: Callable[..., HttpClient], clock: VirtualClock) -> None:
    replies = iter([Response(status=503, headers={"Retry-After": "3"}), Response()])
    with scripted_server(lambda _: next(replies)) as server:
        client(server.url).read(f"{server.url}/")
    assert clock.slept == [3.1]


def test_patience_ends_with_the_last_answer(client: Callable[..., HttpClient], clock: VirtualClock) -> None:
    with scripted_server(lambda _: Response(status=503)) as server:
        http = client(server.url, patience=Backoff(base=1.0, cap=4.0, per_file=10.0))
        assert http.read(f"{server.url}/").status == 503
    assert sum(clock.slept) <= 10.0
    assert len(server.requests) == len(clock.slept) + 1


def test_a_wish_longer_than_our_patience_is_not_waited_for(
    client: Callable[..., HttpClient], clock: VirtualClock
) -> None:
    with scripted_server(lambda _: Response(status=503, headers={"Retry-After": "86400"})) as server:
        assert client(server.url).read(f"{server.url}/").status == 503
    assert clock.slept == []


def test_a_write_is_attempted_once(client: Callable[..., HttpClient], clock: VirtualClock) -> None:
    with scripted_server(lambda _: Response(hang_up=True)) as server:
        http = client(server.url)
        with pytest.raises(ConnectionLostError):
            http.write(f"{server.url}/", body=[b"x"], headers={"Content-Length": "1"})
    assert (len(server.requests), clock.slept) == (1, [])


def test_an_answer_that_leaves_before_the_body_is_read_is_heard(client: Callable[..., HttpClient]) -> None:
    """A reverse proxy answers 413 at once and closes; the client is still sending."""
    size = 64 << 20
    with scripted_server(lambda _: Response(status=413), read_body=False) as server:
        http = client(server.url)
        try:
            reply = http.write(
                f"{server.url}/", body=(bytes(1 << 18) for _ in range(256)), headers={"Content-Length": str(size)}
            )
        except ConnectionLostError:
            return  # the reset overtook the answer, which is as true
    assert reply.status == 413


def test_a_body_beyond_any_page_is_an_error(client: Callable[..., HttpClient]) -> None:
    with scripted_server(lambda _: Response(body=bytes(PAGE_BYTES + 1))) as server:
        http = client(server.url)
        with pytest.raises(FailedError, match="longer than") as caught:
            http.read(f"{server.url}/")
    assert caught.value.code == "IX23"


def test_a_download_that_breaks_begins_anew(client: Callable[..., HttpClient]) -> None:
    replies = iter([Response(body=b"half", length=100), Response(body=b"whole")])
    taken: list[bytes] = []
    with scripted_server(lambda _: next(replies)) as server:
        reply = client(server.url).download(f"{server.url}/f", lambda blocks: taken.append(b"".join(blocks)))
    assert (reply.status, taken[-1]) == (200, b"whole")


def nowhere() -> str:
    """An address on this machine where nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_a_server_that_is_away_is_a_sentence(client: Callable[..., HttpClient]) -> None:
    url = nowhere()
    with pytest.raises(ConnectionLostError, match=r"Nothing answers at .*: connection refused") as caught:
        client(url).read(url)
    assert caught.value.code == "IX02"
    assert "NEXUS_URL" in caught.value.hint


def test_a_host_that_does_not_exist_is_told_at_once(client: Callable[..., HttpClient], clock: VirtualClock) -> None:
    with pytest.raises(FailedError, match="no host of the name") as caught:
        client("http://maestro.invalid").read("http://maestro.invalid/")
    assert (caught.value.code, clock.slept) == ("IX02", [])


def test_a_server_that_says_nothing_times_out(client: Callable[..., HttpClient]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        http = client(url, timeouts=Timeouts(transfer=0.05), patience=Backoff(per_file=0.0))
        with pytest.raises(ConnectionLostError, match="did not answer in time") as caught:
            http.read(url)
    assert caught.value.code == "IX05"


def test_tls_spoken_to_a_server_without_it_is_a_sentence(client: Callable[..., HttpClient]) -> None:
    with scripted_server(lambda _: Response()) as server:
        url = server.url.replace("http://", "https://")
        http = client(url)
        with pytest.raises(FailedError, match="begin NEXUS_URL with http://") as caught:
            http.read(url)
    assert caught.value.code == "IX03"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")
def test_a_certificate_nobody_vouches_for_is_refused_and_one_that_is_trusted_is_not(
    tmp_path: Path, client: Callable[..., HttpClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [*OPENSSL.split(), "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with scripted_server(lambda _: Response(body=b"hello"), tls=tls) as server:
        with pytest.raises(FailedError, match="certificate is not accepted") as caught:
            client(server.url).read(server.url)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert client(server.url).read(server.url).body == "hello"
    assert caught.value.code == "IX03"
    assert "SSL_CERT_FILE" in caught.value.hint
    assert [each.headers["authorization"] for each in server.requests] == [BASIC]


def test_a_proxy_that_wants_credentials_is_a_sentence(
    client: Callable[..., HttpClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted_server(lambda _: Response(status=407)) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "")
        assert client("http://nexus.invalid").read("http://nexus.invalid/").status == 407


def test_a_proxy_that_lets_nobody_through_is_a_sentence(
    client: Callable[..., HttpClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted_server(lambda _: Response(status=403)) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "")
        http = client("https://nexus.invalid")
        with pytest.raises(FailedError, match="proxy on the way") as caught:
            http.read("https://nexus.invalid/")
    assert caught.value.code == "IX04"
    assert "NO_PROXY" in caught.value.hint


def test_abandoning_wakes_who_waits_and_ends_all_asking(client: Callable[..., HttpClient]) -> None:
    arrived, release = threading.Event(), threading.Event()

    def slow(_: Request) -> Response:
        arrived.set()
        release.wait(30)
        return Response()

    with scripted_server(slow) as server:
        http = client(server.url)
        heard: list[BaseException] = []

        def read() -> None:
            try:
                http.read(f"{server.url}/")
            except StoppedError as error:
                heard.append(error)

        reader = threading.Thread(target=read)
        reader.start()
        assert arrived.wait(30)
        http.abandon()
        reader.join(30)
        release.set()
        assert [each.code for each in heard if isinstance(each, StoppedError)] == ["IX27"]
        with pytest.raises(StoppedError):
            http.read(f"{server.url}/")
    assert len(server.requests) == 1


def test_abandoning_ends_the_wait_before_another_attempt() -> None:
    refused, heard = threading.Event(), list[StoppedError]()

    def refuse(_: Request) -> Response:
        refused.set()
        return Response(status=503, headers={"Retry-After": "15"})

    with scripted_server(refuse) as server, ExitStack() as stack:
        target, _ = read_target(server.url, repository="r", group=None, kind="nexus")
        index = stack.enter_context(open_index(target, CI))

        def read() -> None:
            try:
                index.project("maestro-x")
            except StoppedError as error:
                heard.append(error)

        reader = threading.Thread(target=read)
        reader.start()
        assert refused.wait(30)
        index.abandon()
        reader.join(10)
        assert not reader.is_alive()
    assert len(heard) == 1


def test_no_error_shows_the_password(client: Callable[..., HttpClient]) -> None:
    url = nowhere()
    with pytest.raises(FailedError) as caught:
        client(url).read(f"{url.replace('//', '//ci:hunter2@')}/x")
    told = f"{caught.value} {caught.value.facts} {caught.value.__cause__!r}"
    assert "hunter2" not in told
    assert PASSWORD not in told
