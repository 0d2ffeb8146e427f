"""Metadata from archives, hostile ones included, and forms cut into any pieces."""

from __future__ import annotations

import asyncio
import bz2
import gzip
import io
import struct
import tarfile
import tempfile
import zipfile
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from archives import make_sdist, make_wheel
from hypothesis import given, settings
from hypothesis import strategies as st

from tooling.localnexus.assets import parsed_id, public_id, public_number, row_number
from tooling.localnexus.disk import Disk, StagedFile
from tooling.localnexus.form import MalformedFormError, UploadForm, read_form
from tooling.localnexus.metadata import DIRECTORY_BYTES, METADATA_BYTES, NoMetadataError, read_metadata

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PKG_INFO = b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nKeywords: a,b\nClassifier: One\nClassifier: Two\n\nText\n"


def tar(members: dict[str, bytes], mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload] # any mode
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def archive_of(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        archive_of({"x.py": b"", "demo-1.0.dist-info/METADATA": PKG_INFO}),
        archive_of({"EGG-INFO/PKG-INFO": PKG_INFO}),
        archive_of({"demo-1.0/PKG-INFO": PKG_INFO}),
        tar({"demo-1.0/a.py": b"x" * 100_000, "demo-1.0/PKG-INFO": PKG_INFO}),
        tar({"./demo-1.0/PKG-INFO": PKG_INFO}, "w:gz"),
        tar({"demo-1.0/PKG-INFO": PKG_INFO}, "w:bz2"),
        bz2.compress(tar({"demo-1.0/PKG-INFO": PKG_INFO})),
    ],
)
def test_every_kind_of_archive_tells_its_name_and_version(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "file").write_bytes(data)
    found = read_metadata(tmp_path / "file")
    assert (found["name"], found["version"]) == ("demo", "1.0")
    assert found["classifiers"] == "One\nTwo"


def test_real_packages_are_read(tmp_path: Path) -> None:
    for artifact in (make_wheel(tmp_path, "maestro-demo"), make_sdist(tmp_path, "maestro-demo")):
        assert read_metadata(artifact.path)["requires_python"] == ">=3.11"


def claiming(size: int) -> bytes:
    """A tar member that claims a size and does not have it."""
    entry = tarfile.TarInfo("demo-1.0/PKG-INFO")
    entry.size = size
    return entry.tobuf()


def pax_bomb() -> bytes:
    """A sound tar with a header that would be read into memory as a whole."""
    buffer = io.BytesIO()
    entry = tarfile.TarInfo("demo-1.0/PKG-INFO")
    entry.size = len(PKG_INFO)
    entry.pax_headers = {"comment": "x" * (2 * METADATA_BYTES)}
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(entry, io.BytesIO(PKG_INFO))
    return buffer.getvalue()


def large_directory() -> bytes:
    """A sound zip whose table of contents is larger than anybody needs."""
    names = {f"{number}{'x' * 60_000}": b"" for number in range(DIRECTORY_BYTES // 60_000 + 1)}
    return archive_of({"demo-1.0.dist-info/METADATA": PKG_INFO} | names)


def lying_directory() -> bytes:
    """A zip whose end record claims a table of contents of three gigabytes."""
    data = bytearray(archive_of({"demo-1.0.dist-info/METADATA": PKG_INFO}))
    struct.pack_into("<L", data, data.rfind(b"PK\x05\x06") + 12, 3 << 30)
    return bytes(data)


BOMB = bytes(METADATA_BYTES + 2)
HOSTILE = {
    "nothing": b"",
    "junk": b"junk",
    "no metadata in a zip": archive_of({"x": b""}),
    "no metadata in a tar": tar({"x": b""}, "w:gz"),
    "metadata too deep": archive_of({"a/b/demo-1.0.dist-info/METADATA": PKG_INFO}),
    "a zip bomb": archive_of({"demo-1.0.dist-info/METADATA": BOMB}),
    "a zip by lzma": archive_of({"demo-1.0.dist-info/METADATA": PKG_INFO}, zipfile.ZIP_LZMA),
    "a tar bomb": tar({"demo-1.0/PKG-INFO": BOMB}, "w:gz"),
    "a bomb before the metadata": gzip.compress(tar({"big": bytes(80 << 20), "demo-1.0/PKG-INFO": PKG_INFO})),
    "a tar by xz": tar({"demo-1.0/PKG-INFO": PKG_INFO}, "w:xz"),
    "a cut gzip": gzip.compress(tar({"demo-1.0/PKG-INFO": PKG_INFO}))[:-40],
    "a cut zip": archive_of({"demo-1.0.dist-info/METADATA": PKG_INFO})[:-30],
    "a wrong checksum": archive_of({"demo-1.0.dist-info/METADATA": PKG_INFO}, 0).replace(b"Text", b"text"),
    "a pax header beyond bounds": pax_bomb(),
    "a claimed size": claiming(1 << 40),
    "a lying table of contents": lying_directory(),
    "a table of contents beyond bounds": large_directory(),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_archive_is_no_more_than_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(NoMetadataError):
        read_metadata(tmp_path / "file")


@given(data=st.binary(max_size=600), start=st.sampled_from([b"", b"PK\x03\x04", b"\x1f\x8b\x08", b"BZh9"]))
def test_any_bytes_are_read_or_refused(data: bytes, start: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(start + data)
        file.flush()
        with pytest.raises(NoMetadataError):
            read_metadata(Path(file.name))


@settings(max_examples=60)
@given(flips=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=6), kind=st.booleans())
def test_a_damaged_archive_is_read_or_refused(flips: list[tuple[int, int]], kind: bool) -> None:
    members = {"demo-1.0.dist-info/METADATA" if kind else "demo-1.0/PKG-INFO": PKG_INFO}
    data = bytearray(archive_of(members) if kind else gzip.compress(tar(members)))
    for place, value in flips:
        data[place % len(data)] = value
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        with suppress(NoMetadataError):
            assert isinstance(read_metadata(Path(file.name)), dict)


FIELDS = st.lists(st.tuples(st.text("abc-_", min_size=1, max_size=8), st.text(max_size=30)), max_size=4)


@settings(max_examples=50)
@given(fields=FIELDS, content=st.binary(max_size=300), cuts=st.lists(st.integers(0, 1500), max_size=8))
def test_a_form_is_the_same_however_its_body_is_cut(
    fields: list[tuple[str, str]], content: bytes, cuts: list[int]
) -> None:
    """Boundary-like bytes in the file and cuts in the middle of a boundary included."""
    content = content + b"\r\n--boundar\r\n--" + content
    body = b"".join(
        b'--boundary\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value.encode())
        for name, value in fields
    )
    body += b'--boundary\r\nContent-Disposition: form-data; name="content"; filename="f"\r\n\r\n'
    body += content + b"\r\n--boundary--\r\n"
    places = sorted({0, len(body), *(cut % len(body) for cut in cuts)})
    pieces = [body[begin:end] for begin, end in pairwise(places)]
    with tempfile.TemporaryDirectory() as folder:
        form = asyncio.run(read(pieces, Path(folder)))
        assert form.fields == fields
        assert form.files[0].staged.path.read_bytes() == content
        form.abandon()
        assert not list(Path(folder).iterdir())


@settings(max_examples=50)
@given(cut=st.integers(0, 140), content=st.binary(max_size=40))
def test_a_torn_form_leaves_no_file(cut: int, content: bytes) -> None:
    body = b'--boundary\r\nContent-Disposition: form-data; name="content"; filename="f"\r\n\r\n' + content
    body += b"\r\n--boundary--\r\n"
    with tempfile.TemporaryDirectory() as folder:
        end = len(body) - 4 - cut % (len(body) - 4)
        with pytest.raises(MalformedFormError):
            asyncio.run(read([body[:end]], Path(folder)))
        assert not list(Path(folder).iterdir())


async def read(pieces: list[bytes], folder: Path) -> UploadForm:
    async def body() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    kind = "multipart/form-data; boundary=boundary"
    return await read_form(kind, body(), lambda: StagedFile(folder, Disk(), ["md5"]))


@given(number=st.integers(1, 2**63), repository=st.text("abc-._", min_size=1))
def test_ids_lead_back_to_what_they_stand_for(number: int, repository: str) -> None:
    assert parsed_id(public_id(repository, public_number(number))) == (repository, public_number(number))
    assert row_number(public_number(number)) == number
