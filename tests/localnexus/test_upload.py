"""The classic upload route, as Nexus 3.85 and its ancestors answer it."""

from __future__ import annotations

import base64
import errno
import hashlib
import io
import socket
import struct
import tarfile
from typing import TYPE_CHECKING, Any, BinaryIO

import pytest

from localnexus.door import message_on, wait_until
from tooling.localnexus import GROUP, HOSTED, PROXY, Disk, add_user

if TYPE_CHECKING:
    from collections.abc import Callable

    from localnexus.door import Door

PATH = "packages/demo/1.0/demo-1.0.tar.gz"
FORM_BODY = (
    b'--b\r\nContent-Disposition: form-data; name=":action"\r\n\r\nfile_upload\r\n'
    b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\ndemo\r\n'
    b'--b\r\nContent-Disposition: form-data; name="version"\r\n\r\n1.0\r\n'
    b'--b\r\nContent-Disposition: form-data; name="summary"\r\n\r\n\r\n'
    b'--b\r\nContent-Disposition: form-data; name="content"; filename="demo-1.0.tar.gz"\r\n\r\n'
)
"""A form as far as the first byte of its file; the boundary is `b`."""


def test_a_stored_file_is_answered_with_an_empty_200(door: Door) -> None:
    answer = door.upload()
    assert (answer.status_code, answer.content) == (200, b"")
    assert door.get(f"/repository/{HOSTED}/{PATH}").content == b"bytes"


def test_the_file_goes_under_the_normalised_name_and_the_version_as_written(door: Door) -> None:
    door.upload("My_Big.Pkg", "1.0-rc", file="whatever.whl")
    assert list(door.assets()) == ["/packages/my-big-pkg/1.0-rc/whatever.whl"]


@pytest.mark.parametrize(
    "fields",
    [
        {":action": None},
        {":action": "submit"},
        {"name": None},
        {"name": ""},
        {"version": None},
        {"summary": None},
    ],
)
def test_a_form_that_lacks_a_field_is_a_500(shared: Door, fields: dict[str, Any]) -> None:
    assert shared.upload(fields=fields).status_code == 500
    assert is_as_it_was(shared)


def test_an_empty_summary_is_enough(door: Door) -> None:
    assert door.upload(fields={"summary": ""}).status_code == 200


def test_an_orient_server_does_without_a_summary(open_index: Callable[..., Door]) -> None:
    assert open_index(dialect="orient").upload(fields={"summary": None}).status_code == 200


def test_a_form_without_content_or_with_two_is_a_500(shared: Door) -> None:
    form = {":action": "file_upload", "name": "demo", "version": "1.0", "summary": ""}
    for files in [
        [("other", ("a.whl", b"x"))],
        [("content", ("a.whl", b"x")), ("content", ("b.whl", b"y"))],
        [("content", ("", b"x"))],
    ]:
        assert shared.ask("POST", f"/repository/{HOSTED}/", data=form, files=files).status_code == 500
    assert is_as_it_was(shared)


def test_a_body_that_is_no_form_is_a_500(shared: Door) -> None:
    for headers in [{"content-type": "application/json"}, {"content-type": "multipart/form-data"}, {}]:
        answer = shared.ask("POST", f"/repository/{HOSTED}/", content=b"{}", headers=headers)
        assert answer.status_code == 500
        assert answer.headers["content-type"] == "text/html"


def test_only_md5_is_checked_and_in_either_case(door: Door) -> None:
    right = hashlib.md5(b"bytes", usedforsecurity=False).hexdigest()
    wrong = door.upload(fields={"md5_digest": "0" * 32})
    assert (wrong.status_code, wrong.reason_phrase) == (
        400,
        f"Digests do not match, found: {right}, expected: {'0' * 32}",
    )
    assert not door.assets()
    assert door.upload(fields={"md5_digest": right.upper(), "sha256_digest": "0" * 64}).status_code == 200


@pytest.mark.parametrize(
    ("dialect", "policy", "told"),
    [
        ("datastore", "ALLOW_ONCE", f"{HOSTED}/{PATH} cannot be updated"),
        ("datastore", "DENY", f"{HOSTED}/{PATH} is read-only"),
        ("orient", "ALLOW_ONCE", f"Repository does not allow updating assets: {HOSTED}"),
        ("orient", "DENY", f"Repository is read only: {HOSTED}"),
    ],
)
def test_a_taken_path_is_refused_in_the_words_of_the_store(
    open_index: Callable[..., Door], dialect: str, policy: str, told: str
) -> None:
    """The same bytes make no difference; the text stands in the status line and on the page."""
    door = open_index(dialect=dialect, write_policy=policy)
    door.upload()
    again = door.upload()
    assert (again.status_code, again.reason_phrase, message_on(again)) == (400, told, told)
    assert "<title>400 - Sonatype Nexus Repository</title>" in again.text


def test_where_it_is_allowed_a_file_is_replaced(open_index: Callable[..., Door]) -> None:
    door = open_index(write_policy="ALLOW")
    door.upload(content=b"old")
    assert door.upload(content=b"new").status_code == 200
    assert door.get(f"/repository/{HOSTED}/{PATH}").content == b"new"
    assert hashlib.sha256(b"new").hexdigest() in door.links("demo")["demo-1.0.tar.gz"]
    assert len(list((door.running.data / "blobs").iterdir())) == 1


def test_the_form_is_believed_and_the_archive_not_opened(door: Door) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz"):
        pass
    assert door.upload("Other-Name", "9.9", content=buffer.getvalue(), file="demo-1.0.tar.gz").status_code == 200
    assert door.upload("junk", content=b"not an archive").status_code == 200
    assert set(door.links("other-name")) == {"demo-1.0.tar.gz"}


def test_requires_python_comes_from_the_form_and_a_signature_is_a_link_of_its_own(door: Door) -> None:
    door.upload(fields={"requires_python": ">=3.11,<4"}, files={"gpg_signature": ("x.asc", b"signed")})
    page = door.get(f"/repository/{HOSTED}/simple/demo/").text
    assert page.count('data-requires-python="&gt;=3.11,&lt;4"') == 1
    assert set(door.links("demo")) == {"demo-1.0.tar.gz", "demo-1.0.tar.gz.asc"}
    assert door.get(f"/repository/{HOSTED}/{PATH}.asc").content == b"signed"


def test_chunked_uploads_are_taken(door: Door) -> None:
    body = FORM_BODY + b"bytes\r\n--b--\r\n"
    answer = door.ask(
        "POST",
        f"/repository/{HOSTED}/",
        content=iter([body[:100], body[100:101], body[101:]]),
        headers={"content-type": "multipart/form-data; boundary=b"},
    )
    assert answer.status_code == 200
    assert door.get(f"/repository/{HOSTED}/{PATH}").content == b"bytes"


def test_the_slash_at_the_end_is_needed(shared: Door) -> None:
    answer = shared.ask("POST", f"/repository/{HOSTED}", files={"content": ("a", b"x")})
    told = "Repository path must have another '/' after initial '/'"
    assert (answer.status_code, answer.reason_phrase, message_on(answer)) == (400, told, told)


@pytest.mark.parametrize("path", [f"{PROXY}/", f"{GROUP}/", f"{HOSTED}/simple/", f"{HOSTED}/pypi"])
def test_uploads_elsewhere_are_a_404(shared: Door, path: str) -> None:
    assert shared.ask("POST", f"/repository/{path}", files={"content": ("a", b"x")}).status_code == 404


def test_add_alone_is_enough_and_needed(door: Door) -> None:
    add_user(door.running, "adder", "secret", [f"nx-repository-view-pypi-{HOSTED}-add"])
    add_user(door.running, "editor", "secret", [f"nx-repository-view-pypi-{HOSTED}-edit"])
    assert door.upload(login=("adder", "secret")).status_code == 200
    refused = door.upload(version="2.0", login=("editor", "secret"))
    assert (refused.status_code, refused.headers["content-type"]) == (403, "text/html")


def test_no_or_wrong_credentials_are_challenged_without_a_body(shared: Door) -> None:
    for login in [None, ("admin", "wrong"), ("nobody", "x")]:
        answer = shared.upload(login=login, content=b"x" * (8 << 20))
        assert (answer.status_code, answer.content) == (401, b"")
        assert answer.headers["www-authenticate"] == 'BASIC realm="Sonatype Nexus Repository Manager"'
        assert "content-type" not in answer.headers
    assert not list((shared.running.data / "incoming").iterdir())


@pytest.mark.parametrize(
    ("name", "version", "file"),
    [
        ("demo", "1.0", "../../../../etc/passwd"),
        ("demo", "..", "demo-1.0.tar.gz"),
        ("demo", "1.0/../..", "demo-1.0.tar.gz"),
        ("demo", "1.0", ".."),
        ("demo", "1.0", "a\\..\\b.whl"),
        ("demo", "1.0\r\nX-Planted: yes", "demo-1.0.tar.gz"),
        ("demo\r\nX-Planted: yes", "1.0", "demo-1.0.tar.gz"),
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(shared: Door, name: str, version: str, file: str) -> None:
    answer = shared.upload(name, version, file=file)
    assert answer.status_code == 400
    assert "x-planted" not in answer.headers
    assert is_as_it_was(shared)


def test_a_name_cannot_forge_the_status_line(door: Door) -> None:
    """What a client says in a form comes back in the reason phrase, printable and on one line."""
    strange = "demo-1.0-ü-\u2603.tar.gz"
    assert door.upload(file=strange).status_code == 200
    again = door.upload(file=strange)
    ascii_as_the_client_reads_it = "demo-1.0--?.tar.gz"
    assert again.reason_phrase == f"{HOSTED}/packages/demo/1.0/{ascii_as_the_client_reads_it} cannot be updated"
    assert strange in message_on(again)


def test_fields_beyond_bounds_are_refused(shared: Door) -> None:
    assert shared.upload(fields={"description": "x" * (9 << 20)}).status_code == 500
    assert shared.upload(fields={f"field{number}": "x" for number in range(2100)}).status_code == 500
    assert shared.upload(file="x" * 10_000).status_code == 500
    assert is_as_it_was(shared)
    assert not list((shared.running.data / "incoming").iterdir())


@pytest.mark.parametrize("end", ["orderly", "reset"])
def test_a_body_shorter_than_it_claims_leaves_nothing(door: Door, end: str) -> None:
    basic = base64.b64encode(":".join(door.admin).encode()).decode()
    head = (
        f"POST /repository/{HOSTED}/ HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {basic}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 99999999\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", door.running.port), timeout=10) as connection:
        connection.sendall(head.encode() + FORM_BODY + b"half of it" * 300_000)
        if end == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert door.links("demo") == {}
    assert door.upload().status_code == 200
    assert door.get(f"/repository/{HOSTED}/{PATH}").content == b"bytes"
    wait_until(lambda: not list((door.running.data / "incoming").iterdir()))
    assert len(list((door.running.data / "blobs").iterdir())) == 1


def test_a_form_without_its_end_is_a_500(shared: Door) -> None:
    headers = {"content-type": "multipart/form-data; boundary=b"}
    for body in [FORM_BODY + b"half of it", FORM_BODY[:200], b"", b"--b--\r\n", b"no boundary at all"]:
        assert shared.ask("POST", f"/repository/{HOSTED}/", content=body, headers=headers).status_code == 500
    assert is_as_it_was(shared)
    assert not list((shared.running.data / "incoming").iterdir())


def test_a_full_disk_is_a_500_that_leaves_nothing(open_index: Callable[..., Door]) -> None:
    disk = FullDisk()
    door = open_index(disk=disk)
    disk.full = True
    answer = door.upload()
    assert (answer.status_code, "No space left" in message_on(answer)) == (500, True)
    disk.full = False
    assert door.upload().status_code == 200
    assert len(list((door.running.data / "blobs").iterdir())) == 1


def is_as_it_was(door: Door) -> bool:
    """Whether the shared index has its two files and nothing is left of any other."""
    files = [path for path in door.assets() if path.startswith("/packages/")]
    counts = [len(list((door.running.data / folder).iterdir())) for folder in ("blobs", "incoming")]
    return (len(files), counts) == (2, [2, 0])


class FullDisk(Disk):
    """A disk that takes no more bytes while it is `full`."""

    full = False

    def write(self, file: BinaryIO, data: bytes) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        super().write(file, data)
