"""Building as a publisher does it: the same bytes everywhere, nothing twice, nothing damaged, all errors together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from building import EXTRAS, build, builder_of, commit_all, errors_of, git, hashes, one_package, sha256_of
from workspaces import make_workspace

from tooling.errors import FailedError
from tooling.model.manifest import read_package

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tooling.model.package import Package

ROOT = Path(__file__).parents[2]
IN_PROCESS = "built in process by hatchling"


def _child_builds(root: Path, environment: Mapping[str, str], umask: int = 0o022) -> dict[str, str]:
    """Build every package of a workspace in a process of its own; file name to SHA-256."""
    code = (
        "import json, sys; sys.path[:0] = sys.argv[2:]\n"
        "from pathlib import Path; from building import builder_of, hashes\n"
        "from tooling.model.workspace import find_workspace\n"
        "root = Path(sys.argv[1]); packages = tuple(find_workspace(root).packages.values())\n"
        "print(json.dumps(hashes(builder_of(root).build(packages, lambda package, how: None))))"
    )
    command = [sys.executable, "-I", "-c", code, str(root), str(ROOT), str(ROOT / "tests")]
    variables = {"PATH": os.environ["PATH"], **environment}
    answer = subprocess.run(command, env=variables, umask=umask, check=True, capture_output=True, text=True, cwd="/")
    found: dict[str, str] = json.loads(answer.stdout)
    return found


def test_wheel_then_sdist_for_each_package_in_the_order_asked(tmp_path: Path) -> None:
    make_workspace(tmp_path, {"alpha": {}, "beta": {"needs": ("alpha",)}})
    alpha, beta = (read_package(tmp_path / "packages" / name) for name in ("alpha", "beta"))
    artifacts, hows = build(tmp_path, beta, alpha)
    assert [artifact.filename for artifact in artifacts] == [
        "maestro_beta-1.0.0-py3-none-any.whl",
        "maestro_beta-1.0.0.tar.gz",
        "maestro_alpha-1.0.0-py3-none-any.whl",
        "maestro_alpha-1.0.0.tar.gz",
    ]
    assert all(how.startswith(IN_PROCESS) for how in hows.values())
    assert all(artifact.path.parent == tmp_path / "dist" for artifact in artifacts)


def test_nothing_asked_for_is_nothing_built(tmp_path: Path) -> None:
    assert build(tmp_path, *()) == ((), {})


def test_the_same_source_gives_the_same_bytes_anywhere(tmp_path: Path) -> None:
    """Law 1: other folder, times, umask, time zone, locale, variables, order of creation, with and without git."""
    specs: dict[str, Mapping[str, object]] = {
        "alpha": {"extras": EXTRAS, "description": "Grüße aus Zürich ✓"},
        "beta": {"needs": ("alpha",), "files": {"src/maestro_beta/data/ünïcode.txt": "x", "build.sh": "#!/bin/sh\n"}},
    }
    here = make_workspace(tmp_path / "here", specs)
    (here / "packages/beta/build.sh").chmod(0o755)
    commit_all(here)
    git(tmp_path, "clone", str(here), "elsewhere/build/dist")
    unpacked = make_workspace(tmp_path / "unpacked", dict(reversed(specs.items())))
    (unpacked / "packages/beta/build.sh").chmod(0o700)
    for number, path in enumerate(sorted(unpacked.rglob("*"))):
        os.utime(path, (number, number))
    first = _child_builds(here, {"TZ": "UTC", "LC_ALL": "C.UTF-8"})
    second = _child_builds(
        tmp_path / "elsewhere/build/dist",
        {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "SOURCE_DATE_EPOCH": "1700000000", "HOME": "/nowhere"},
        umask=0o077,
    )
    third = _child_builds(
        unpacked, {"TZ": "America/St_Johns", "USER": "somebody", "HATCH_BUILD_NO_HOOKS": "true"}, 0o002
    )
    assert len(first) == 4
    assert first == second == third


def test_what_has_not_changed_is_not_built_again(tmp_path: Path) -> None:
    package = one_package(tmp_path)
    first, _ = build(tmp_path, package)
    second, hows = build(tmp_path, package)
    assert second == first
    assert hows["alpha"].startswith("unchanged since it was built in process by hatchling")


def test_rebuilding_builds_whatever_is_there(tmp_path: Path) -> None:
    package = one_package(tmp_path)
    first, _ = build(tmp_path, package)
    second, hows = build(tmp_path, package, rebuild=True)
    assert second == first
    assert hows["alpha"].startswith(IN_PROCESS)


def test_a_change_builds_that_package_alone(tmp_path: Path) -> None:
    make_workspace(tmp_path, {"alpha": {}, "beta": {}})
    packages = [read_package(tmp_path / "packages" / name) for name in ("alpha", "beta")]
    before, _ = build(tmp_path, *packages)
    (packages[1].folder / "src/maestro_beta/extra.py").write_text("EXTRA = 1\n")
    after, hows = build(tmp_path, *packages)
    assert hows["alpha"].startswith("unchanged")
    assert hows["beta"].startswith(IN_PROCESS)
    assert before[:2] == after[:2]
    assert before[2].sha256 != after[2].sha256


def test_going_back_to_an_earlier_source_brings_back_its_bytes(tmp_path: Path) -> None:
    package = one_package(tmp_path)
    first, _ = build(tmp_path, package)
    init = package.folder / "src/maestro_alpha/__init__.py"
    text = init.read_text()
    init.write_text(text + "# more\n")
    build(tmp_path, package)
    init.write_text(text)
    third, hows = build(tmp_path, package)
    assert third == first
    assert hows["alpha"].startswith("unchanged")


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "removed"])
@pytest.mark.parametrize("where", ["dist", "cache", "both"])
def test_a_damaged_file_is_noticed_and_made_good(tmp_path: Path, damage: str, where: str) -> None:
    package = one_package(tmp_path)
    first, _ = build(tmp_path, package)
    for folder in {"dist": ("dist",), "cache": (".maestro",), "both": ("dist", ".maestro")}[where]:
        for path in [path for path in (tmp_path / folder).rglob("*") if path.is_file() and path.suffix != ".json"]:
            _damage(path, damage)
    second, hows = build(tmp_path, package)
    assert second == first
    assert {artifact.filename: sha256_of(artifact.path) for artifact in second} == hashes(first)
    assert hows["alpha"].startswith(IN_PROCESS if where == "both" else "unchanged")


def _damage(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == "removed":
        path.unlink()
    else:
        path.write_bytes(
            {"truncated": content[:-1], "flipped": bytes([content[0] ^ 1]) + content[1:], "empty": b""}[how]
        )


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "{",
        "[]",
        '{"wheel": {}}',
        '{"how": "x", "wheel": {"filename": "../../escaped", "sha256": "0"}, "sdist": null}',
    ],
)
def test_an_entry_that_makes_no_sense_is_no_entry(tmp_path: Path, entry: str) -> None:
    package = one_package(tmp_path)
    first, _ = build(tmp_path, package)
    (path,) = (tmp_path / ".maestro/cache/builds").glob("*.json")
    path.write_text(entry)
    second, hows = build(tmp_path, package)
    assert second == first
    assert hows["alpha"].startswith(IN_PROCESS)


def test_other_files_in_dist_are_left_alone_and_not_returned(tmp_path: Path) -> None:
    package = one_package(tmp_path)
    (tmp_path / "dist").mkdir()
    stale = tmp_path / "dist" / "maestro_alpha-0.9.0-py3-none-any.whl"
    stale.write_bytes(b"an older version")
    artifacts, _ = build(tmp_path, package)
    assert {artifact.version for artifact in artifacts} == {"1.0.0"}
    assert stale.read_bytes() == b"an older version"


def test_another_artifact_under_the_same_name_in_dist_is_replaced(tmp_path: Path) -> None:
    package = one_package(tmp_path)
    first, _ = build(tmp_path, package)
    first[0].path.write_bytes(b"from somewhere else")
    second, _ = build(tmp_path, package)
    assert second == first
    assert sha256_of(first[0].path) == first[0].sha256


def test_all_failures_are_raised_together_and_the_rest_is_built(tmp_path: Path) -> None:
    make_workspace(tmp_path, {"alpha": {}, "beta": {}, "delta": {}, "gamma": {"files": {"README.md": "\n"}}})
    packages = [read_package(tmp_path / "packages" / name) for name in ("alpha", "beta", "gamma", "delta")]
    (packages[0].folder / "README.md").unlink()
    (packages[3].folder / "src/link").symlink_to("nowhere")
    hows: dict[str, str] = {}
    errors = errors_of(lambda: builder_of(tmp_path).build(packages, lambda one, how: hows.update({one.name: how})))
    assert {(error.code, str(error.facts["package"])) for error in errors} == {
        ("BD10", "delta"),
        ("BD01", "alpha"),
        ("BD07", "gamma"),
    }
    assert list(hows) == ["beta"]
    assert not list((tmp_path / "dist").glob("maestro_gamma*"))


def test_a_listener_that_raises_ends_the_build(tmp_path: Path) -> None:
    """A publisher gives up at once when its credentials turn out wrong."""
    make_workspace(tmp_path, {"alpha": {}, "beta": {}})
    packages = [read_package(tmp_path / "packages" / name) for name in ("alpha", "beta")]
    heard = []

    def listen(package: Package, how: str) -> None:
        heard.append((package.name, how))
        raise FailedError("BD01", "Enough.", "Stop.")

    with pytest.raises(FailedError, match="Enough"):
        builder_of(tmp_path).build(packages, listen)
    assert len(heard) == 1
