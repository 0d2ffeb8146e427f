"""The faults a test may ask for, each as the outside world shows it."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

import httpx2
import pytest

from localnexus.door import message_on, wait_until
from tooling.localnexus import GROUP, HOSTED, Faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from localnexus.door import Door


def test_by_default_a_page_read_during_an_upload_is_right_afterwards(door: Door) -> None:
    read_during_an_upload(door)
    assert set(door.links("demo")) == {"demo-1.0.tar.gz", "demo-2.0.tar.gz"}


def test_a_page_read_during_an_upload_can_stay_stale(door: Door) -> None:
    door.faults.stale_pages = True
    read_during_an_upload(door)
    for repository in (HOSTED, GROUP):
        assert set(door.links("demo", repository)) == {"demo-1.0.tar.gz"}
    assert {"/packages/demo/1.0/demo-1.0.tar.gz", "/packages/demo/2.0/demo-2.0.tar.gz"} <= set(door.assets())
    file = f"/repository/{HOSTED}/packages/demo/2.0/demo-2.0.tar.gz"
    assert door.ask("HEAD", file).status_code == 200


def test_a_stale_page_is_healed_by_the_next_upload(door: Door) -> None:
    door.faults.stale_pages = True
    read_during_an_upload(door)
    door.faults.upload_seconds = 0
    door.upload(version="3.0")
    assert len(door.links("demo")) == 3


def test_a_stale_page_is_healed_by_deleting_its_asset(door: Door) -> None:
    door.faults.stale_pages = True
    read_during_an_upload(door)
    assert door.rest(f"/repositories/{HOSTED}/rebuild-index", "POST").status_code == 204
    assert len(door.links("demo")) == 1
    page = door.assets()["/simple/demo/"]
    assert door.rest(f"/assets/{page['id']}", "DELETE").status_code == 204
    assert len(door.links("demo")) == 2


def test_a_page_that_nobody_reads_during_an_upload_is_right(door: Door) -> None:
    door.faults.stale_pages = True
    for number in range(3):
        door.upload(version=f"{number}.0")
        assert len(door.links("demo")) == number + 1


def test_a_page_of_another_project_is_never_stale(door: Door) -> None:
    door.faults.stale_pages = True
    door.upload("other")
    read_during_an_upload(door, also="other")
    assert len(door.links("other")) == 1


def test_an_upload_that_fails_leaves_the_page_alone(door: Door) -> None:
    door.upload()
    known = door.get(f"/repository/{HOSTED}/simple/demo/").text
    door.faults.stale_pages = True
    assert door.upload().status_code == 400
    assert door.get(f"/repository/{HOSTED}/simple/demo/").text == known


def read_during_an_upload(door: Door, also: str = "demo") -> None:
    """Upload a second version and read the page while that upload is in flight."""
    door.upload()
    door.faults.upload_seconds = 0.2
    begun = threading.Event()
    door.faults.on_request = lambda method, _path: begun.set() if method == "POST" else None
    upload = threading.Thread(target=lambda: door.upload(version="2.0").raise_for_status())
    upload.start()
    assert begun.wait(10)
    while upload.is_alive():
        door.links(also)
    upload.join()
    door.faults.on_request = None


def test_an_offline_repository_says_so(door: Door) -> None:
    door.faults.offline = True
    for answer in (door.upload(), door.get(f"/repository/{HOSTED}/simple/")):
        assert (answer.status_code, answer.reason_phrase, message_on(answer)) == (503, *["Repository offline"] * 2)
    rest = door.rest(f"/components?repository={HOSTED}", "POST", files={"pypi.asset": ("a.whl", b"x")})
    assert (rest.status_code, rest.json()) == (400, [{"id": "*", "message": "Repository offline"}])
    assert door.get(f"/repository/{GROUP}/simple/").status_code == 200


def test_a_frozen_server_reads_and_does_not_write(door: Door) -> None:
    door.upload()
    (asset,) = door.assets().values()
    door.faults.frozen = True
    refused = door.upload(version="2.0")
    assert (refused.status_code, message_on(refused)) == (503, "Nexus Repository Manager is in read-only mode")
    for rest in (
        door.rest(f"/components?repository={HOSTED}", "POST", files={"pypi.asset": ("a.whl", b"x")}),
        door.rest(f"/assets/{asset['id']}", "DELETE"),
    ):
        assert rest.status_code == 503
        assert rest.text.startswith("Nexus Repository Manager is in read-only mode: (ID ")
    assert [door.rest(path).status_code for path in ("/status", "/status/writable")] == [200, 503]
    assert len(door.links("demo")) == 1
    door.faults.frozen = False
    assert door.rest("/status/writable").status_code == 200


def test_unaccepted_licence_terms_stop_files_and_uploads(door: Door) -> None:
    door.upload()
    door.faults.eula_pending = True
    path = f"/repository/{HOSTED}/packages/demo/1.0/demo-1.0.tar.gz"
    rest = door.rest(f"/components?repository={HOSTED}", "POST", files={"pypi.asset": ("a.whl", b"x")})
    for answer in (door.upload(version="2.0"), door.get(path), rest):
        assert (answer.status_code, "End User License Agreement" in message_on(answer)) == (403, True)
    assert len(door.links("demo")) == 1
    assert door.rest(f"/components?repository={HOSTED}").status_code == 200


def test_beyond_the_usage_limit_nothing_new_is_taken(door: Door) -> None:
    door.upload()
    door.faults.limit_reached = True
    refused = door.upload(version="2.0")
    assert (refused.status_code, message_on(refused).startswith("PAYMENT REQUIRED: ")) == (403, True)
    rest = door.rest(f"/components?repository={HOSTED}", "POST", files={"pypi.asset": ("a.whl", b"x")})
    assert (rest.status_code, rest.text.startswith("PAYMENT REQUIRED: ")) == (403, True)
    assert door.get(f"/repository/{HOSTED}/packages/demo/1.0/demo-1.0.tar.gz").status_code == 200


def test_a_refused_login_may_lose_its_connection_before_the_body_is_read(door: Door) -> None:
    door.faults.close_on_401 = True
    small = door.get("/service/rest/v1/status", login=("admin", "wrong"))
    assert (small.status_code, small.headers["connection"]) == (401, "close")
    for content in (b"", bytes(8 << 20)):
        with pytest.raises(httpx2.TransportError):
            door.upload(login=("admin", "wrong"), content=content)
    assert not door.assets()


def test_a_share_of_requests_is_unavailable_and_says_when_to_come_again(open_index: Callable[..., Door]) -> None:
    door = open_index(faults=Faults(unavailable_share=0.3, retry_after=7, seed=1))
    answers = [door.rest("/status") for _ in range(100)]
    seen = Counter(answer.status_code for answer in answers)
    assert set(seen) == {200, 503}
    assert 15 < seen[503] < 45
    assert {answer.headers.get("retry-after") for answer in answers if answer.status_code == 503} == {"7"}
    door.faults.retry_after = None
    assert all("retry-after" not in door.rest("/status").headers for _ in range(20))


def test_the_same_seed_fails_the_same_requests() -> None:
    def fates(seed: int) -> list[str]:
        faults = Faults(unavailable_share=0.2, reset_before_share=0.2, reset_after_share=0.2, seed=seed)
        return [faults.fate("GET", "/") for _ in range(100)]

    assert fates(1) == fates(1)
    assert fates(1) != fates(2)
    assert set(fates(1)) == {"serve", "unavailable", "reset before", "reset after"}


@pytest.mark.parametrize(("switch", "stored"), [("reset_before_share", False), ("reset_after_share", True)])
def test_a_connection_breaks_before_or_after_the_file_is_stored(door: Door, switch: str, stored: bool) -> None:
    setattr(door.faults, switch, 1.0)
    door.faults.touches = lambda method, _path: method == "POST"
    for content in (b"small", bytes(4 << 20)):
        with pytest.raises((httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError)):
            door.upload(version=str(len(content)), content=content)
    setattr(door.faults, switch, 0.0)
    assert len(door.links("demo")) == (2 if stored else 0)
    wait_until(lambda: not list((door.running.data / "incoming").iterdir()))


def test_a_reset_is_seen_as_one(door: Door) -> None:
    door.faults.reset_before_share = 1.0
    with pytest.raises(ConnectionResetError):
        door.raw(b"GET /service/rest/v1/status HTTP/1.1\r\nHost: x\r\n\r\n")


def test_hooks_see_every_request_and_its_status_before_the_answer_leaves(door: Door) -> None:
    asked: list[tuple[str, str]] = []
    answered: list[tuple[str, str, int]] = []
    door.faults.on_request = lambda *seen: asked.append(seen)
    door.faults.on_response = lambda *seen: answered.append(seen)
    door.upload()
    assert answered[-1] == ("POST", f"/repository/{HOSTED}/", 200)
    door.upload(login=("admin", "wrong"))
    door.rest("/nothing")
    door.faults.unavailable_share = 1.0
    door.rest("/status")
    assert asked == [(method, path) for method, path, _ in answered]
    assert [status for *_, status in answered] == [200, 401, 404, 503]


def test_a_delay_lets_other_requests_pass(door: Door) -> None:
    """The slow request ends after one that was sent later."""
    door.faults.delay_seconds = 0.3
    door.faults.touches = lambda _method, path: path.endswith("/writable")
    order: list[str] = []
    begun = threading.Event()
    door.faults.on_request = lambda _method, path: begun.set() if path.endswith("/writable") else None

    def ask(path: str) -> None:
        door.rest(path)
        order.append(path)

    slow = threading.Thread(target=ask, args=("/status/writable",))
    slow.start()
    assert begun.wait(10)
    ask("/status")
    slow.join()
    assert order == ["/status", "/status/writable"]
