"""The form of an upload, compared with what twine would send."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from email import message_from_bytes
from typing import TYPE_CHECKING

import pytest
from archives import make_sdist, make_wheel
from twine.package import PackageFile
from twine.repository import Repository

from tooling.effects.upload_form import BLOCK, classic_form, component_form
from tooling.errors import FailedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tooling.effects.upload_form import Form
    from tooling.model.artifact import Artifact

    Make = Callable[..., Artifact]


def parts_of(form: Form) -> dict[str, list[bytes]]:
    body = b"".join(form.stream(lambda _: None))
    assert len(body) == int(form.headers["Content-Length"])
    message = message_from_bytes(b"Content-Type: " + form.headers["Content-Type"].encode() + b"\r\n\r\n" + body)
    found: dict[str, list[bytes]] = defaultdict(list)
    for part in message.walk():
        if not part.is_multipart():
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            found[str(part.get_param("name", header="content-disposition"))].append(payload)
    return dict(found)


@pytest.mark.parametrize("make", [make_wheel, make_sdist])
def test_the_classic_form_holds_what_twine_sends_and_the_digest_that_nexus_checks(make: Make, tmp_path: Path) -> None:
    artifact = make(tmp_path, "maestro-core-logging", "1.2.0", b"x = 1\n")
    theirs: dict[str, list[bytes]] = defaultdict(list)
    package = PackageFile.from_filename(str(artifact.path), None)
    for name, value in Repository._convert_metadata_to_list_of_tuples(package.metadata_dictionary()):
        theirs[name].append(str(value).encode())
    ours = parts_of(classic_form(artifact))
    assert ours.pop("content") == [artifact.path.read_bytes()]
    assert ours.pop("md5_digest") == [artifact.md5.encode()]
    assert ours.pop(":action") == [b"file_upload"]
    assert ours.pop("protocol_version") == [b"1"]
    assert ours == theirs


def test_a_summary_is_always_sent(tmp_path: Path) -> None:
    import zipfile

    wheel = make_wheel(tmp_path, "maestro-x")
    with zipfile.ZipFile(wheel.path, "w") as archive:
        archive.writestr("maestro_x-1.0.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: maestro-x\nVersion: 1\n")
    wheel = replace(wheel, size=wheel.path.stat().st_size)
    assert parts_of(classic_form(wheel))["summary"] == [b""]


def test_the_components_form_holds_the_file_alone(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "maestro-x")
    assert parts_of(component_form(wheel)) == {"pypi.asset": [wheel.path.read_bytes()]}


def test_the_body_comes_in_blocks_that_fit_any_memory(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "maestro-x", content=bytes(5 * BLOCK))
    form, heard = classic_form(wheel), list[int]()
    assert max(map(len, form.stream(heard.append))) <= BLOCK
    assert sum(heard) == wheel.size


@pytest.mark.parametrize("change", [b"longer than before", b""])
def test_a_file_that_changes_while_it_is_sent_ends_the_upload(change: bytes, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "maestro-x")
    form = classic_form(wheel)
    wheel.path.write_bytes(wheel.path.read_bytes() + change if change else b"PK")
    with pytest.raises(FailedError, match="size changed") as caught:
        list(form.stream(lambda _: None))
    assert caught.value.code == "IX24"


@pytest.mark.parametrize("make", [make_wheel, make_sdist])
def test_an_archive_that_cannot_be_read_is_named(make: Make, tmp_path: Path) -> None:
    artifact = make(tmp_path, "maestro-x")
    artifact.path.write_bytes(b"x" * artifact.size)
    with pytest.raises(FailedError, match="cannot be sent") as caught:
        classic_form(artifact)
    assert caught.value.code == "IX24"
    artifact.path.unlink()
    with pytest.raises(FailedError, match="cannot be sent"):
        classic_form(artifact)
