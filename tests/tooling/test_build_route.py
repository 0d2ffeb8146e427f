"""Which packages are built in process, which in isolation, and that the reason is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from building import one_package

from tooling.effects.build_route import Route, route_of, running_hatchling
from tooling.model.manifest import read_package

if TYPE_CHECKING:
    from pathlib import Path

HATCHLING = 'requires = ["hatchling>=1.27"]'
BACKEND = 'build-backend = "hatchling.build"'


def _route(root: Path, old: str = "", new: str = "", added: str = "", *, isolated: bool = False) -> Route:
    package = one_package(root)
    manifest = package.folder / "pyproject.toml"
    assert old in manifest.read_text()
    manifest.write_text(manifest.read_text().replace(old, new, 1) + added)
    return route_of(read_package(package.folder), package.folder, isolated=isolated)


def test_a_package_of_the_house_is_built_in_process(tmp_path: Path) -> None:
    assert _route(tmp_path) == Route(isolated=False, how=f"built in process by hatchling {running_hatchling()}")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (HATCHLING, 'requires = ["Hatchling"]'),
        (HATCHLING, 'requires = ["hatchling", "tomli>=2; python_version < \'3.11\'"]'),
    ],
)
def test_spelling_and_requirements_for_other_pythons_do_not_matter(tmp_path: Path, old: str, new: str) -> None:
    assert not _route(tmp_path, old, new).isolated


def test_bytes_of_another_hatchling_are_made_in_isolation_by_that_one(tmp_path: Path) -> None:
    package = one_package(tmp_path)
    same = route_of(package, package.folder, isolated=False, hatchling=running_hatchling())
    other = route_of(package, package.folder, isolated=False, hatchling="1.27.0")
    assert not same.isolated
    assert (other.isolated, other.hatchling) == (True, "1.27.0")
    assert other.how.startswith("built in isolation: it is to be built by hatchling 1.27.0, and ")


@pytest.mark.parametrize("table", ['[tool.hatch.build]\nexclude = ["*.log"]\n', "[tool.other.hooks]\na = 1\n"])
def test_settings_that_run_no_code_do_not_matter(tmp_path: Path, table: str) -> None:
    assert not _route(tmp_path, added=table).isolated


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (BACKEND, 'build-backend = "flit_core.buildapi"', "its build backend is flit_core.buildapi"),
        (BACKEND, "", "its build backend is setuptools.build_meta:__legacy__"),
        (BACKEND, BACKEND + '\nbackend-path = ["."]', "its build backend lies in the package itself (backend-path)"),
        (HATCHLING, 'requires = ["hatchling>=999"]', "it asks for hatchling>=999, and"),
        (HATCHLING, 'requires = ["hatchling", "hatch-vcs>=0.4"]', "its build needs hatch-vcs besides hatchling"),
    ],
)
def test_another_backend_version_or_plugin_is_isolated(tmp_path: Path, old: str, new: str, reason: str) -> None:
    route = _route(tmp_path, old, new)
    assert route.isolated
    assert route.how.startswith(f"built in isolation: {reason}")


@pytest.mark.parametrize(
    "table",
    [
        '[tool.hatch.build.hooks.custom]\npath = "hook.py"\n',
        "[tool.hatch.build.targets.wheel.hooks.mypyc]\n",
        "[tool.hatch.metadata.hooks.custom]\n",
    ],
)
@pytest.mark.parametrize("file", ["pyproject.toml", "hatch.toml"])
def test_hooks_are_isolated(tmp_path: Path, table: str, file: str) -> None:
    if file == "pyproject.toml":
        route = _route(tmp_path, added=table)
    else:
        package = one_package(tmp_path)
        (package.folder / file).write_text(table.replace("tool.hatch.", ""))
        route = route_of(package, package.folder, isolated=False)
    assert route == Route(isolated=True, how="built in isolation: it has a hook (a `hooks` table of hatch)")


def test_a_computed_version_is_isolated(tmp_path: Path) -> None:
    assert _route(tmp_path, added='[tool.hatch.version]\nsource = "code"\npath = "a.py"\n').isolated


def test_a_build_script_is_isolated(tmp_path: Path) -> None:
    package = one_package(tmp_path, files={"hatch_build.py": ""})
    assert "hatch_build.py" in route_of(package, package.folder, isolated=False).how


def test_isolation_can_be_asked_for(tmp_path: Path) -> None:
    assert _route(tmp_path, isolated=True) == Route(isolated=True, how="built in isolation: --isolated asks for it")
