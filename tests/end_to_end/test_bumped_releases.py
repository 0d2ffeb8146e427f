"""Bumps and publishes in a row: after each, every release there ever was resolves from the index alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bump_workspaces import Clone, commit_all
from observed_index import observed_index
from originals import THREE, runnable_workspace
from packaging.utils import parse_wheel_filename

from tooling.localnexus import GROUP

if TYPE_CHECKING:
    from collections.abc import Callable

    from observed_index import ObservedIndex
    from warm_invoke import WarmInvoke

INIT = "packages/core-logging/src/maestro_core_logging/__init__.py"
POLICY = """
[tool.maestro.versions.floors]
core-api = { core-config = "latest" }
core-config = { core-logging = "exact" }
"""


def test_every_release_installs_after_every_step(
    warm: WarmInvoke, user: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    """A fix, a break sized by --auto, a pre-release and its release; pinned, following and loose edges."""
    root = runnable_workspace(tmp_path / "clone", THREE)
    manifest = root / "pyproject.toml"
    manifest.write_text(manifest.read_text(encoding="utf-8") + POLICY, encoding="utf-8")
    commit_all(root)
    clone = Clone(root)
    with observed_index(tmp_path / "index") as index:
        environment = user(**index.variables)

        def types(*words: str) -> None:
            done = warm.run(root, *words, environment=environment)
            assert done.code == 0, done.said
            if words[0] == "bump":
                commit_all(root, "bump")
                types("publish", "--changed")
                assert unresolved(index, tmp_path) == []

        types("publish", "--all")
        clone.tell("core-logging", "### Fixed\n\n- A bug.")
        types("bump", "--package", "core-logging", "--auto")
        clone.write(INIT, "whom", "who")
        clone.tell("core-logging", "### Changed\n\n- The parameter is called `who`.")
        types("bump", "--all", "--auto")
        clone.tell("core-config")
        types("bump", "--package", "core-config", "--part", "minor", "--part", "rc")
        types("bump", "--package", "core-config", "--package", "core-api", "--part", "release")
        assert {name: sorted(versions_on(index, name), key=str) for name in index.pages()} == {
            "maestro-core-logging": ["1.0.0", "1.0.1", "2.0.0"],
            "maestro-core-config": ["1.0.0", "1.0.1", "1.0.2", "1.1.0", "1.1.0rc1"],
            "maestro-core-api": ["1.0.0", "1.0.1", "1.0.2", "1.0.3", "1.0.3rc1"],
        }


def versions_on(index: ObservedIndex, project: str) -> set[str]:
    """The versions that a project's page lists a wheel of."""
    return {str(parse_wheel_filename(file)[1]) for file in index.pages()[project] if file.endswith(".whl")}


def unresolved(index: ObservedIndex, folder: Path) -> list[str]:
    """The releases, with all their extras, that uv finds no versions for in the index."""
    url = f"{index.running.url}/repository/{GROUP}/simple/"
    wanted = [
        f"{name}{'[log]' if name == 'maestro-core-api' else ''}=={version}"
        for name in index.pages()
        for version in versions_on(index, name)
    ]
    words = ("uv", "pip", "compile", "-", "--quiet", "--no-config", "--no-cache", "--index-url", url)
    environment = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder)}
    return [
        each
        for each in wanted
        if subprocess.run(words, input=each, text=True, capture_output=True, env=environment, check=False).returncode
    ]
