"""How two files of one name differ is said by their first differing member."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest
from building import build, one_package

from tooling.effects.archives import difference, members, unpack
from tooling.errors import FailedError

if TYPE_CHECKING:
    from pathlib import Path


def _wheel(folder: Path, members: dict[str, str], *, packed: bool = True) -> Path:
    folder.mkdir()
    path = folder / "maestro_alpha-1.0.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


INFO = "maestro_alpha-1.0.0.dist-info"
MEMBERS = {
    "maestro_alpha/__init__.py": "x = 1\n" * 50,
    "maestro_alpha/a.py": "a",
    f"{INFO}/RECORD": "true",
    f"{INFO}/WHEEL": "Wheel-Version: 1.0\nGenerator: hatchling 1.33.0\n",
}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"maestro_alpha/a.py": "b", f"{INFO}/RECORD": "other"}, "maestro_alpha/a.py differs"),
        ({"maestro_alpha/a.py": None, f"{INFO}/RECORD": "other"}, "maestro_alpha/a.py is only in the file built here"),
        ({"maestro_alpha/aa.py": "", f"{INFO}/RECORD": "other"}, "maestro_alpha/aa.py is only in the published file"),
        ({f"{INFO}/RECORD": "other"}, f"{INFO}/RECORD differs"),
        (
            {f"{INFO}/WHEEL": "Generator: hatchling 1.27.0\n", f"{INFO}/RECORD": "other"},
            f"{INFO}/WHEEL differs: this one was made by hatchling 1.33.0, the other by hatchling 1.27.0",
        ),
        ({f"{INFO}/WHEEL": "Wheel-Version: 2.0\nGenerator: hatchling 1.33.0\n"}, f"{INFO}/WHEEL differs"),
    ],
)
def test_the_first_member_that_differs_is_named(tmp_path: Path, changes: dict[str, str | None], said: str) -> None:
    members = {name: text for name, text in (MEMBERS | changes).items() if text is not None}
    ours, published = _wheel(tmp_path / "ours", MEMBERS), _wheel(tmp_path / "published", members)
    assert difference(ours, published) == said


def test_equal_members_packed_otherwise_are_said_to_be_so(tmp_path: Path) -> None:
    ours, published = _wheel(tmp_path / "ours", MEMBERS), _wheel(tmp_path / "published", MEMBERS, packed=False)
    assert "only their packing differs" in difference(ours, published)


def test_an_unreadable_file_differs_by_that(tmp_path: Path) -> None:
    ours, published = _wheel(tmp_path / "ours", MEMBERS), tmp_path / "maestro_alpha-1.0.0-py3-none-any.whl"
    published.write_bytes(ours.read_bytes()[:40])
    assert "cannot be read as an archive" in difference(ours, published)


def test_the_members_of_a_wheel_and_of_its_sdist_agree_where_they_are_the_same_files(tmp_path: Path) -> None:
    package = one_package(tmp_path)
    (wheel, sdist), _ = build(tmp_path, package)
    in_wheel, in_sdist = members(wheel.path), members(sdist.path)
    text = (package.folder / "src/maestro_alpha/__init__.py").read_bytes()
    assert in_wheel["maestro_alpha/__init__.py"] == hashlib.sha256(text).hexdigest()
    assert in_sdist["maestro_alpha-1.0.0/src/maestro_alpha/__init__.py"] == hashlib.sha256(text).hexdigest()


def test_a_published_sdist_whose_tail_is_missing_differs_by_that(tmp_path: Path) -> None:
    """A tar reader would not notice, since all members come before."""
    package = one_package(tmp_path)
    (_, sdist), _ = build(tmp_path, package)
    published = tmp_path / sdist.filename
    published.write_bytes(sdist.path.read_bytes()[:-8])
    assert "cannot be read as an archive" in difference(sdist.path, published)


@pytest.mark.parametrize("name", ["broken.whl", "broken.tar.gz"])
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html>Not found</html>", id="a page"),
        pytest.param(gzip.compress(b"no tar")[:20], id="a cut gzip"),
    ],
)
def test_a_file_that_is_no_archive_is_said(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FailedError, match=name) as caught:
        members(path)
    assert caught.value.code == "BD15"


def _sdist(folder: Path, *others: tuple[str, bytes, str]) -> Path:
    """A file, and `others` by name, type and where they link to."""
    path = folder / "maestro_alpha-1.0.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, kind, link in (("top/a.py", tarfile.REGTYPE, ""), *others):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, link
            archive.addfile(info, io.BytesIO())
    return path


def test_an_sdist_is_unpacked_with_links_that_stay_in_it(tmp_path: Path) -> None:
    sdist = _sdist(tmp_path, ("top/sub/b.py", tarfile.SYMTYPE, "../a.py"), ("top/c.py", tarfile.LNKTYPE, "top/a.py"))
    unpack(sdist, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").rglob("*.py")) == ["a.py", "b.py", "c.py"]


@pytest.mark.parametrize(
    "member",
    [
        ("../evil.py", tarfile.REGTYPE, ""),
        ("/evil.py", tarfile.REGTYPE, ""),
        ("top/../../evil.py", tarfile.REGTYPE, ""),
        ("top/evil.py", tarfile.SYMTYPE, "../../evil"),
        ("top/evil.py", tarfile.SYMTYPE, "/evil"),
        ("top/evil.py", tarfile.LNKTYPE, "../evil"),
        ("top/evil.py", tarfile.FIFOTYPE, ""),
    ],
    ids=["above", "absolute", "back up", "link above", "link absolute", "hard link above", "pipe"],
)
def test_an_sdist_that_leads_outside_is_refused_before_anything_is_unpacked(
    tmp_path: Path, member: tuple[str, bytes, str]
) -> None:
    with pytest.raises(FailedError) as caught:
        unpack(_sdist(tmp_path, member), tmp_path / "out")
    assert (caught.value.code, (tmp_path / "out").exists()) == ("BD17", False)
