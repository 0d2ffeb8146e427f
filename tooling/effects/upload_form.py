"""The multipart form of an upload, streamed from disk with its length known beforehand.

Field names and order follow what twine sends on the classic route, whose reference is PyPI's legacy upload API.
`md5_digest` is added, because it is the one digest that Nexus checks (nexus-protocol 1.4), and `summary` is always
there, because without one Nexus' data store answers 500 (12.3).
"""

from __future__ import annotations

import hashlib
import secrets
import tarfile
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tooling.errors import FailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tooling.model.artifact import Artifact

BLOCK = 1 << 18
_MOST_METADATA = 8 << 20
# Where the form's name differs from that of the core metadata field, as `packaging` spells it.
_RENAMED = {"platforms": "platform", "supported_platforms": "supported_platform", "license_files": "license_file"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A multipart body: what goes before the file's bytes, the file, and what goes after."""

    path: Path
    size: int
    head: bytes
    tail: bytes
    boundary: str

    @property
    def headers(self) -> dict[str, str]:
        """Content type and length."""
        length = len(self.head) + self.size + len(self.tail)
        return {"Content-Type": f"multipart/form-data; boundary={self.boundary}", "Content-Length": str(length)}

    def stream(self, sent: Callable[[int], None]) -> Iterator[bytes]:
        """Yield the body; `sent` hears of each block of the file when the network has taken it.

        Raises:
            FailedError: IX24, when the file cannot be read or is no longer as long as it was.
        """
        yield self.head
        left = self.size
        try:
            with self.path.open("rb") as file:
                while block := file.read(BLOCK):
                    left -= len(block)
                    if left < 0:
                        break
                    yield block
                    sent(len(block))
        except OSError as error:
            raise _unreadable(self.path, error.strerror or str(error)) from error
        if left:
            raise _unreadable(self.path, "its size changed while it was being sent")
        yield self.tail


def classic_form(artifact: Artifact) -> Form:
    """Make the form of the classic route, with the metadata that the archive itself declares."""
    fields = [*_metadata_fields(artifact), *_own_fields(artifact)]
    return _form(artifact, fields, "content")


def component_form(artifact: Artifact) -> Form:
    """Make the form of the Components API: the file alone, as the server reads the rest from it."""
    return _form(artifact, [], "pypi.asset")


def _own_fields(artifact: Artifact) -> Iterator[tuple[str, str]]:
    yield "filetype", "bdist_wheel" if artifact.kind == "wheel" else "sdist"
    yield "pyversion", artifact.filename.split("-")[-3] if artifact.kind == "wheel" else "source"
    yield "sha256_digest", artifact.sha256
    yield "blake2_256_digest", _blake2(artifact.path)
    yield "md5_digest", artifact.md5
    yield ":action", "file_upload"
    yield "protocol_version", "1"


def _metadata_fields(artifact: Artifact) -> Iterator[tuple[str, str]]:
    from packaging.metadata import parse_email

    raw, _ = parse_email(_metadata(artifact))
    values: dict[str, object] = {**raw, "name": artifact.distribution, "version": artifact.version}
    values.setdefault("summary", "")
    for key, value in values.items():
        name = _RENAMED.get(key, key)
        if key == "keywords" and isinstance(value, list):
            yield name, ", ".join(value)
        elif isinstance(value, dict):
            yield from ((name, f"{label}, {url}") for label, url in value.items())
        elif isinstance(value, list):
            yield from ((name, str(each)) for each in value)
        else:
            yield name, str(value)


def _metadata(artifact: Artifact) -> bytes:
    """Read METADATA of a wheel, or PKG-INFO of an sdist (PEP 643: the one in its only top folder)."""
    try:
        if artifact.kind == "wheel":
            with zipfile.ZipFile(artifact.path) as wheel:
                name = next(each for each in wheel.namelist() if _is_metadata(each, ".dist-info/METADATA"))
                with wheel.open(name) as member:
                    return member.read(_MOST_METADATA)
        with tarfile.open(artifact.path, "r|gz") as sdist:
            for entry in sdist:
                found = sdist.extractfile(entry) if _is_metadata(entry.name, "/PKG-INFO") else None
                if found is not None:
                    return found.read(_MOST_METADATA)
        raise _unreadable(artifact.path, "it holds no PKG-INFO")
    except (OSError, zipfile.BadZipFile, tarfile.TarError, EOFError, StopIteration) as error:
        raise _unreadable(artifact.path, str(error) or "it holds no METADATA") from error


def _is_metadata(name: str, ending: str) -> bool:
    return name.endswith(ending) and name.count("/") == 1


def _blake2(path: Path) -> str:
    digest = hashlib.blake2b(digest_size=32)
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    return digest.hexdigest()


def _form(artifact: Artifact, fields: Sequence[tuple[str, str]], file_field: str) -> Form:
    try:
        size = artifact.path.stat().st_size
    except OSError as error:
        raise _unreadable(artifact.path, error.strerror or str(error)) from error
    if size != artifact.size:
        raise _unreadable(artifact.path, f"it has {size} bytes and had {artifact.size} when it was built")
    boundary = secrets.token_hex(16)
    parts = [_part(boundary, {"name": name}) + value.encode() + b"\r\n" for name, value in fields]
    parts.append(_part(boundary, {"name": file_field, "filename": artifact.filename}, "application/octet-stream"))
    return Form(
        path=artifact.path,
        size=size,
        head=b"".join(parts),
        tail=f"\r\n--{boundary}--\r\n".encode(),
        boundary=boundary,
    )


def _part(boundary: str, disposition: Mapping[str, str], content_type: str = "") -> bytes:
    described = "".join(f'; {key}="{_quoted(value)}"' for key, value in disposition.items())
    kind = f"Content-Type: {content_type}\r\n" if content_type else ""
    return f"--{boundary}\r\nContent-Disposition: form-data{described}\r\n{kind}\r\n".encode()


def _quoted(value: str) -> str:
    """Escape a name inside quotes as browsers do (HTML, multipart/form-data encoding algorithm)."""
    return value.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _unreadable(path: Path, why: str) -> FailedError:
    return FailedError("IX24", f"{path.name} cannot be sent: {why}.", "Build it again with --rebuild, then run again.")
