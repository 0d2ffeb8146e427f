"""Every artifact is looked at before it is used: each way to be wrong has its code and names what is wrong."""

from __future__ import annotations

import base64
import hashlib
import io
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from building import build, errors_of, one_package

from tooling.effects.inspection import inspect

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tooling.model.package import Package

INFO = "maestro_alpha-1.0.0.dist-info"
ROOT = "maestro_alpha-1.0.0"
EXTRAS = {
    "fast": ("orjson>=3; python_version<'3.13' or os_name=='nt'",),
    "All_Of-it": ("maestro-alpha[fast]", "rich[Jupyter_Lab]>=13,<99"),
}


@dataclass(slots=True)
class Made:
    """A good build of one package, and how to spoil copies of its files."""

    package: Package
    wheel: Path
    sdist: Path
    folder: Path
    members: dict[str, bytes] = field(init=False)

    def __post_init__(self) -> None:
        with zipfile.ZipFile(self.wheel) as archive:
            self.members = {name: archive.read(name) for name in archive.namelist()}

    def other_wheel(
        self, changes: Mapping[str, bytes | None], *, record: bool = True, name: str | None = None, twice: str = ""
    ) -> Path:
        """The wheel with members replaced, added or (None) left out; RECORD made to fit unless told otherwise."""
        members = {name: content for name, content in (self.members | dict(changes)).items() if content is not None}
        if record and f"{INFO}/RECORD" not in changes:
            rows = [_row(name, content) for name, content in members.items() if not name.endswith("/RECORD")]
            members[f"{INFO}/RECORD"] = "\n".join([*rows, f"{INFO}/RECORD,,", ""]).encode()
        path = self.folder / (name or self.wheel.name)
        with zipfile.ZipFile(path, "w") as archive:
            for member, content in members.items():
                archive.writestr(zipfile.ZipInfo(member), content)
            if twice:
                with pytest.warns(UserWarning, match="Duplicate name"):
                    archive.writestr(zipfile.ZipInfo(twice), members[twice])
        return path

    def other_sdist(self, *added: tarfile.TarInfo, left_out: str = "", pkg_info: bytes | None = None) -> Path:
        """The sdist with members added, one left out, or other metadata."""
        path = self.folder / self.sdist.name
        with tarfile.open(self.sdist) as before, tarfile.open(path, "w:gz") as after:
            for info in before:
                stream = before.extractfile(info)
                content = stream.read() if stream else b""
                if info.name == f"{ROOT}/PKG-INFO" and pkg_info is not None:
                    content, info.size = pkg_info, len(pkg_info)
                if info.name != left_out:
                    after.addfile(info, io.BytesIO(content))
            for info in added:
                after.addfile(info, io.BytesIO())
        return path

    def faults(self, wheel: Path | None = None, sdist: Path | None = None) -> list[tuple[str, str]]:
        """Code and message of everything found."""
        errors = inspect(self.package, wheel or self.wheel, sdist or self.sdist)
        assert all("alpha" in error.message and error.hint for error in errors)
        return [(error.code, error.message) for error in errors]


def _row(name: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    return f"{name},sha256={digest},{len(content)}"


@pytest.fixture
def made(tmp_path: Path) -> Made:
    package = one_package(tmp_path, extras=EXTRAS, needs=("attrs>=25",))
    (wheel, sdist), _ = build(tmp_path, package)
    folder = tmp_path / "spoilt"
    folder.mkdir()
    return Made(package, wheel.path, sdist.path, folder)


def test_a_good_build_has_no_faults(made: Made) -> None:
    assert made.faults() == []


def test_a_good_build_passes_the_uploader_s_own_check(made: Made) -> None:
    """Ours is no laxer than `twine check --strict` on what it lets pass."""
    command = [sys.executable, "-m", "twine", "check", "--strict", str(made.wheel), str(made.sdist)]
    subprocess.run(command, check=True, capture_output=True)


def test_rewriting_alone_spoils_nothing(made: Made) -> None:
    """What the other tests find is what they put in."""
    assert made.faults(made.other_wheel({}), made.other_sdist()) == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"maestro_beta/__init__.py": b""}, "maestro_beta/__init__.py lies outside maestro_alpha"),
        ({"tests/test_it.py": b""}, "tests/test_it.py lies outside"),
        ({"stray.pth": b"import os"}, "stray.pth lies outside"),
        ({"/etc/passwd": b""}, "/etc/passwd lies outside"),
        ({"maestro_alpha/../../up.py": b""}, "up.py lies outside"),
        ({"maestro_alpha\\up.py": b""}, "up.py lies outside"),
        ({"maestro_alpha-1.0.0.data/scripts/run": b""}, "run lies outside"),
        ({"maestro_alpha/tests/test_it.py": b""}, "carries tests"),
        ({"maestro_alpha/conftest.py": b""}, "carries tests"),
        ({"maestro_alpha/__init__.py": None}, "maestro_alpha/__init__.py is missing"),
        ({f"{INFO}/RECORD": None}, "RECORD is missing"),
        ({f"{INFO}/WHEEL": None}, "WHEEL is missing"),
    ],
)
def test_a_wheel_holds_its_package_and_nothing_else(
    made: Made, changes: Mapping[str, bytes | None], named: str
) -> None:
    faults = made.faults(made.other_wheel(changes))
    assert any(code == "BD08" and named in message for code, message in faults)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"maestro_alpha/__init__.py": b"changed = True\n"}, "RECORD is wrong about maestro_alpha/__init__.py"),
        ({"maestro_alpha/new.py": b""}, "RECORD does not name maestro_alpha/new.py"),
        ({"maestro_alpha/py.typed": None}, "RECORD names maestro_alpha/py.typed, which it lacks"),
    ],
)
def test_record_is_true_of_every_member(made: Made, changes: Mapping[str, bytes | None], named: str) -> None:
    faults = made.faults(made.other_wheel(changes, record=False))
    assert [code for code, _ in faults] == ["BD08"]
    assert named in faults[0][1]


def test_a_member_twice_in_a_wheel_is_a_fault(made: Made) -> None:
    faults = made.faults(made.other_wheel({}, twice="maestro_alpha/py.typed"))
    assert any("2 times" in message for _, message in faults)


@pytest.mark.parametrize(
    "name", ["maestro_alpha-1.0.1-py3-none-any.whl", "maestro_beta-1.0.0-py3-none-any.whl", "alpha.whl"]
)
def test_a_wheel_s_name_says_what_is_declared(made: Made, name: str) -> None:
    assert {code for code, _ in made.faults(made.other_wheel({}, name=name))} == {"BD08"}


@pytest.mark.parametrize("kept", [0, 10, 1000, -1, -30])
def test_a_truncated_file_is_a_fault(made: Made, kept: int) -> None:
    wheel, sdist = made.folder / made.wheel.name, made.folder / made.sdist.name
    wheel.write_bytes(made.wheel.read_bytes()[:kept])
    sdist.write_bytes(made.sdist.read_bytes()[:kept])
    assert {code for code, _ in made.faults(wheel, sdist)} == {"BD08", "BD09"}


def test_a_flipped_bit_is_a_fault(made: Made) -> None:
    content = bytearray(made.wheel.read_bytes())
    content[60] ^= 1
    wheel = made.folder / made.wheel.name
    wheel.write_bytes(content)
    assert [code for code, _ in made.faults(wheel)][:1] == ["BD08"]


def _member(name: str, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, "elsewhere" if kind in {tarfile.SYMTYPE, tarfile.LNKTYPE} else ""
    return info


@pytest.mark.parametrize(
    ("added", "named"),
    [
        (_member("/etc/passwd"), "/etc/passwd lies outside"),
        (_member(f"{ROOT}/../up.py"), "up.py lies outside"),
        (_member("other/file.py"), "other/file.py lies outside"),
        (_member(f"{ROOT}/link", tarfile.SYMTYPE), "is a link"),
        (_member(f"{ROOT}/hard", tarfile.LNKTYPE), "is a link"),
        (_member(f"{ROOT}/pipe", tarfile.FIFOTYPE), "is a link or a special file"),
        (_member(f"{ROOT}/src/tests/test_it.py"), "importable beside maestro_alpha"),
        (_member(f"{ROOT}/README.md"), "twice"),
    ],
)
def test_an_sdist_is_one_folder_of_plain_files(made: Made, added: tarfile.TarInfo, named: str) -> None:
    faults = made.faults(sdist=made.other_sdist(added))
    assert {code for code, _ in faults} == {"BD09"}
    assert any(named in message for _, message in faults)


@pytest.mark.parametrize("missing", ["PKG-INFO", "pyproject.toml"])
def test_an_sdist_has_its_metadata_and_manifest(made: Made, missing: str) -> None:
    ((code, message),) = made.faults(sdist=made.other_sdist(left_out=f"{ROOT}/{missing}"))
    assert code == "BD09"
    assert f"{missing} is missing" in message


@pytest.mark.parametrize(
    ("old", "new", "code", "named"),
    [
        ("Version: 1.0.0", "Version: one", "BD05", "one"),
        ("Requires-Python: >=3.11", "Requires-Python: many", "BD05", "many"),
        ("Requires-Dist: attrs>=25", "Requires-Dist: attrs>>25", "BD05", "attrs>>25"),
        ("Name: maestro-alpha", "Name: maestro-beta", "BD06", "maestro-beta"),
        ("Version: 1.0.0", "Version: 1.0.1", "BD06", "1.0.1"),
        ("Requires-Python: >=3.11", "Requires-Python: >=3.9", "BD06", ">=3.9"),
        ("Requires-Dist: attrs>=25", "Requires-Dist: attrs>=24", "BD06", "lacks the requirement attrs>=25"),
        ("Requires-Dist: attrs>=25", "Requires-Dist: attrs>=25\nRequires-Dist: evil", "BD06", "requires evil"),
        ("Provides-Extra: fast", "Provides-Extra: slow", "BD06", "extras"),
        ("Description-Content-Type: text/markdown\n", "", "BD07", "no content type"),
    ],
)
def test_metadata_is_valid_and_says_what_is_declared(made: Made, old: str, new: str, code: str, named: str) -> None:
    text = made.members[f"{INFO}/METADATA"].decode()
    assert old in text
    spoilt = text.replace(old, new).encode()
    for faults in (
        made.faults(made.other_wheel({f"{INFO}/METADATA": spoilt})),
        made.faults(sdist=made.other_sdist(pkg_info=spoilt)),
    ):
        assert code in {found for found, _ in faults}
        assert any(named in message for _, message in faults)


def test_extras_of_extras_may_be_written_as_declared(made: Made) -> None:
    """Hatchling unfolds `maestro-alpha[fast]` inside another extra; other backends leave it, and both mean the same."""
    text = made.members[f"{INFO}/METADATA"].decode()
    lines = [line for line in text.splitlines() if not (line.startswith("Requires-Dist: orjson") and "all-of" in line)]
    assert len(lines) == len(text.splitlines()) - 1
    lines.insert(3, "Requires-Dist: maestro-alpha[fast]; extra == 'all-of-it'")
    assert made.faults(made.other_wheel({f"{INFO}/METADATA": "\n".join(lines).encode()})) == []


@pytest.mark.parametrize(
    ("readme", "text", "code"),
    [
        ("README.md", "\n \n", "BD07"),
        ("README.rst", "Title\n=====\n\n.. nonsense::\n\n`open\n", "BD07"),
        ("README.rst", "Title\n=====\n\nText.\n", None),
        ("README.txt", "Anything `goes\n", None),
        ("README.md", "[unclosed](", None),
    ],
)
def test_the_description_renders_as_an_index_would_show_it(
    tmp_path: Path, readme: str, text: str, code: str | None
) -> None:
    package = one_package(tmp_path)
    manifest = package.folder / "pyproject.toml"
    manifest.write_text(manifest.read_text().replace("README.md", readme))
    (package.folder / readme).write_text(text)
    assert {error.code for error in errors_of(lambda: build(tmp_path, package))} == ({code} if code else set())


def test_a_module_that_does_not_compile_is_found_by_its_line(tmp_path: Path) -> None:
    package = one_package(tmp_path, files={"src/maestro_alpha/broken.py": '"""Broken."""\n\nvalue = (\n'})
    (error,) = errors_of(lambda: build(tmp_path, package))
    assert error.code == "BD16"
    assert "maestro_alpha/broken.py, line 3 does not compile" in error.message
