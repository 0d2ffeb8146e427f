"""Small valid wheels and sdists, and artifacts made of them."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from typing import TYPE_CHECKING

from tooling.model.artifact import Artifact, digest_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tooling.model.artifact import Kind

METADATA = (
    "Metadata-Version: 2.4\nName: {name}\nVersion: {version}\nSummary: One of ours\nRequires-Python: >=3.11\n"
    "Classifier: Programming Language :: Python :: 3.11\nClassifier: Typing :: Typed\nKeywords: one,two\n"
    "Project-URL: Home, https://example.com/\n{requires}License-File: LICENSE\n"
    "Description-Content-Type: text/markdown\n\n# Ä title\n"
)


def make_wheel(
    folder: Path, name: str, version: str = "1.0.0", content: bytes = b"", requires: Sequence[str] = ("packaging>=25",)
) -> Artifact:
    """Write a wheel of one module that holds `content`."""
    module = name.replace("-", "_")
    path = folder / f"{module}-{version}-py3-none-any.whl"
    info = f"{module}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{module}/__init__.py", content)
        archive.writestr(f"{info}/METADATA", _metadata(name, version, requires))
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return artifact_of(path, name, version, "wheel")


def _metadata(name: str, version: str, requires: Sequence[str]) -> str:
    lines = "".join(f"Requires-Dist: {each}\n" for each in requires)
    return METADATA.format(name=name, version=version, requires=lines)


def make_sdist(folder: Path, name: str, version: str = "1.0.0", content: bytes = b"") -> Artifact:
    """Write an sdist of one module that holds `content`."""
    module = name.replace("-", "_")
    path, top = folder / f"{module}-{version}.tar.gz", f"{module}-{version}"
    members = {
        f"{top}/src/{module}/__init__.py": content,
        f"{top}/pyproject.toml": b"[build-system]\nrequires = []\n",
        f"{top}/PKG-INFO": _metadata(name, version, ("packaging>=25",)).encode(),
    }
    with (
        path.open("wb") as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        for member, data in members.items():
            entry = tarfile.TarInfo(member)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return artifact_of(path, name, version, "sdist")


def artifact_of(path: Path, name: str, version: str, kind: Kind) -> Artifact:
    """Describe a file as the artifact of a package that is called like its distribution."""
    digests = digest_file(path)
    return Artifact(
        package=name.removeprefix("maestro-"),
        distribution=name,
        version=version,
        kind=kind,
        path=path,
        size=digests.size,
        sha256=digests.sha256,
        sha1=digests.sha1,
        md5=digests.md5,
    )
