"""A manifest becomes a `Package`, or every fault of it is shown at its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version
from workspaces import make_workspace

from tooling.errors import MaestroError, ProblemsError, UsageError
from tooling.model.document import Document
from tooling.model.manifest import package_of, read_package


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    spec = {"version": "1.2.3", "needs": ("structlog>=25",), "extras": {"fast": ("orjson>=3.10",)}}
    return make_workspace(tmp_path, {"core-a": spec}) / "packages" / "core-a"


def change(folder: Path, old: str, new: str) -> None:
    manifest = folder / "pyproject.toml"
    text = manifest.read_text(encoding="utf-8")
    assert old in text
    manifest.write_text(text.replace(old, new), encoding="utf-8")


def faults(folder: Path) -> tuple[MaestroError, ...]:
    with pytest.raises(UsageError) as caught:
        read_package(folder)
    return (caught.value,)


def test_a_manifest_is_understood(folder: Path) -> None:
    package = read_package(folder)
    assert (package.name, package.distribution, package.import_name) == ("core-a", "maestro-core-a", "maestro_core_a")
    assert package.version == Version("1.2.3")
    assert Version("3.12") in package.requires_python
    assert [str(each) for each in package.requirements] == ["structlog>=25"]
    assert {extra: list(map(str, members)) for extra, members in package.extras.items()} == {"fast": ["orjson>=3.10"]}
    assert package.pythons == ("3.11", "3.12", "3.13")
    assert package.build_backend == "hatchling.build"
    assert package.source.is_dir()


def test_pythons_are_ordered_as_versions(folder: Path) -> None:
    change(folder, '"Programming Language :: Python :: 3.11"', '"Programming Language :: Python :: 3.9"')
    change(folder, '"Programming Language :: Python :: 3.12"', '"Programming Language :: Python :: 3 :: Only"')
    assert read_package(folder).pythons == ("3.9", "3.13")


def test_the_test_group_follows_its_includes(folder: Path) -> None:
    change(folder, '"pytest>=9"]', '{ include-group = "base" }]\nbase = ["pytest>=9", "hypothesis"]')
    assert read_package(folder).test_group == ("mktestdocs>=0.2.5", "pytest>=9", "hypothesis")


def test_without_a_build_system_the_backend_is_the_one_pep_517_prescribes(folder: Path) -> None:
    change(folder, '[build-system]\nrequires = ["hatchling>=1.27"]\nbuild-backend = "hatchling.build"\n', "")
    assert read_package(folder).build_backend == "setuptools.build_meta:__legacy__"


@pytest.mark.parametrize(
    ("code", "old", "new", "excerpt"),
    [
        ("WS03", 'version = "1.2.3"', 'version = "1.2.3', 'version = "1.2.3'),
        ("WS03", "[dependency-groups]", "[project]", ""),
        ("WS04", 'version = "1.2.3"\n', "", "[project]"),
        ("WS04", 'version = "1.2.3"', "version = 1.2", "version = 1.2"),
        ("WS04", 'name = "maestro-core-a"', 'name = " "', 'name = " "'),
        ("WS04", 'dependencies = ["structlog>=25"]', 'dependencies = "structlog"', 'dependencies = "structlog"'),
        ("WS04", 'fast = ["orjson>=3.10"]', 'fa_st = []\nfa-st = ["orjson"]', 'fa-st = ["orjson"]'),
        ("WS05", 'name = "maestro-core-a"', 'name = "-core-"', 'name = "-core-"'),
        ("WS06", 'version = "1.2.3"', 'version = "1.2.x"', 'version = "1.2.x"'),
        ("WS07", "structlog>=25", "structlog => 25", 'dependencies = ["structlog => 25"]'),
        ("WS07", "orjson>=3.10", "orjson 3", 'fast = ["orjson 3"]'),
        ("WS08", 'version = "1.2.3"', 'dynamic = ["version"]', 'dynamic = ["version"]'),
        ("WS09", '">=3.11"', '"3.11+"', 'requires-python = "3.11+"'),
        ("WS10", '"README.md"', '"LIESMICH.md"', 'readme = "LIESMICH.md"'),
        ("WS11", '"pytest>=9"]', '{ include-group = "base" }]', ""),
        ("WS11", '"pytest>=9"]', '{ include-group = "test" }]', ""),
    ],
)
def test_a_fault_is_shown_at_its_line(folder: Path, code: str, old: str, new: str, excerpt: str) -> None:
    change(folder, old, new)
    (fault,) = faults(folder)
    assert fault.code == code
    assert fault.hint
    assert fault.place is not None
    assert fault.place.file == folder / "pyproject.toml"
    if excerpt:
        assert fault.place.line is not None
        assert fault.place.excerpt == excerpt
        assert fault.place.file.read_text().splitlines()[fault.place.line - 1].strip() == excerpt


def test_all_faults_are_reported_together(folder: Path) -> None:
    change(folder, 'version = "1.2.3"', 'version = "one"')
    change(folder, "structlog>=25", "structlog => 25")
    change(folder, "orjson>=3.10", "orjson 3")
    with pytest.raises(ProblemsError) as caught:
        read_package(folder)
    assert [each.code for each in caught.value.errors] == ["WS06", "WS07", "WS07"]


def test_a_file_that_is_not_utf8_is_a_sentence(folder: Path) -> None:
    (folder / "pyproject.toml").write_bytes(b'name = "\xe9"')
    (fault,) = faults(folder)
    assert (fault.code, "Byte 8" in fault.message) == ("WS02", True)


def test_a_manifest_without_a_project_table_says_so_once(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[projekt]\nname = "maestro-core-a"\n')
    (fault,) = faults(folder)
    assert (fault.code, "no [project] table" in fault.message) == ("WS04", True)


def test_an_absent_manifest_is_a_sentence(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path)
    assert fault.code == "WS02"


def test_a_password_in_a_requirement_is_not_shown(folder: Path) -> None:
    change(folder, "structlog>=25", "structlog @@ https://me:hunter2@host/x.whl")
    (fault,) = faults(folder)
    assert "hunter2" not in str(fault)
    assert "***@host" in str(fault)


_PARTS = st.lists(st.from_regex(r"[a-z0-9]+", fullmatch=True), min_size=1, max_size=4)


@given(parts=_PARTS, joints=st.lists(st.sampled_from(["-", "_", ".", "--", "-_"]), min_size=3, max_size=3))
def test_names_are_the_same_however_they_are_spelt(parts: list[str], joints: list[str]) -> None:
    """PEP 503: runs of `-`, `_` and `.` are one hyphen, and case does not count."""
    spelt = "".join(part + joint for part, joint in zip(parts, [*joints, ""], strict=False)).rstrip("-_.").upper()
    data = {"project": {"name": spelt, "version": "1"}}
    package = package_of(Document(path=Path("packages/x/pyproject.toml"), text="", data=data))
    assert package.distribution == "-".join(parts)
    assert package.import_name == "_".join(parts)


@given(version=st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}(rc[0-9]|\.post[0-9]|\.dev[0-9])?", fullmatch=True))
def test_versions_survive_reading(version: str) -> None:
    data = {"project": {"name": "maestro-x", "version": version}}
    package = package_of(Document(path=Path("packages/x/pyproject.toml"), text="", data=data))
    assert package.version == Version(version)
