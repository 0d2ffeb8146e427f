"""`invoke verify --from-tags`: what the index has, built again from its tags, whatever the working tree is like."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from archives import artifact_of
from building import commit_all, git
from observed_index import observed_index
from originals import runnable_workspace

from tooling.effects.build_route import route_of
from tooling.effects.fresh_build import fresh_build
from tooling.effects.index_clients import open_index
from tooling.effects.source_tree import read_source
from tooling.effects.tracked import git_listing
from tooling.model.manifest import read_package
from tooling.model.secret import Secret
from tooling.model.target import Credentials, read_target
from tooling.plan.answers import Meaning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from observed_index import ObservedIndex
    from originals import Packages
    from publishers import Finished
    from warm_invoke import WarmInvoke

    from tooling.effects.fresh_build import Build
    from tooling.model.artifact import Kind

PACKAGES: Packages = {"core-logging": {}, "cache": {"needs": ("core-logging",)}}
MODULE = "packages/core-logging/src/maestro_core_logging/__init__.py"
OLD = "1.28.0"
MANIFEST = "packages/core-logging/pyproject.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Somebody who publishes, tags and edits."""

    workspace: Path
    home: Path
    index: ObservedIndex
    warm: WarmInvoke
    user: Callable[..., dict[str, str]]

    def publishes(self, *words: str) -> None:
        environment = self.user(**self.index.variables)
        done = self.warm.run(self.workspace, "publish", *(words or ("--all",)), environment=environment)
        assert done.code == 0, done.said

    def verifies(self, *words: str, code: int) -> Finished:
        """As a reader without a name; nothing is left of it."""
        environment = self.user(NEXUS_URL=self.index.running.url)
        done = self.warm.run(self.workspace, "verify", "--from-tags", *words, environment=environment)
        assert done.code == code, done.said
        assert list((self.home / "tmp").iterdir()) == []
        return done

    def built(self, name: str, hatchling: str | None = None) -> AbstractContextManager[Build]:
        """Build a package as the tree is now, by a hatchling of one's choice."""
        package = read_package(self.workspace / "packages" / name)
        source = read_source(package, git_listing(package.folder))
        return fresh_build(package, source, route_of(package, package.folder, isolated=False, hatchling=hatchling))

    def uploads(self, *files: Path) -> None:
        """Upload files as somebody else's tool would."""
        running = self.index.running
        target, _ = read_target(running.url, repository="pypi-hosted", group=None, kind="nexus")
        credentials = Credentials(username=running.username, password=Secret(str(running.password)))
        with open_index(target, credentials) as index:
            for file in files:
                kind: Kind = "wheel" if file.suffix == ".whl" else "sdist"
                artifact = artifact_of(file, "maestro-core-logging", "1.1.0", kind)
                assert index.upload(artifact, lambda _: None).meaning is Meaning.STORED

    def tags(self, *names: str) -> None:
        for name in names:
            git(self.workspace, "tag", "--annotate", "--message", "A release", name)

    def edits(self, path: str, old: str, new: str) -> None:
        file = self.workspace / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    def raises_the_version(self, old: str, new: str) -> None:
        self.edits(MANIFEST, f'version = "{old}"', f'version = "{new}"')


@pytest.fixture
def owner(warm: WarmInvoke, user: Callable[..., dict[str, str]], tmp_path: Path) -> Iterator[Owner]:
    """Two packages, published and tagged."""
    workspace = runnable_workspace(tmp_path / "workspace", PACKAGES)
    commit_all(workspace)
    with observed_index(tmp_path / "index") as index:
        owner = Owner(workspace=workspace, home=tmp_path / "home", index=index, warm=warm, user=user)
        owner.publishes()
        owner.tags("core-logging-v1.0.0", "cache-v1.0.0")
        yield owner


def states(done: Finished) -> dict[str, set[str]]:
    """Release to the outcomes of its files."""
    return {
        f"{package['name']}-v{package['version']}": {each["outcome"] for each in package["artifacts"]}
        for package in done.report["packages"]
    }


def problems(done: Finished) -> list[tuple[str, str]]:
    return [(each["code"], each["message"]) for each in done.report["problems"]]


def test_every_version_is_built_again_as_it_was_at_its_tag(owner: Owner) -> None:
    """Other requirements, another version, edits nobody committed: the tree of today does not count."""
    owner.raises_the_version("1.0.0", "1.1.0")
    owner.edits(MANIFEST, "dependencies = []", 'dependencies = ["six>=1.16"]')
    commit_all(owner.workspace)
    owner.tags("core-logging-v1.1.0")
    owner.publishes()
    owner.raises_the_version("1.1.0", "9.0.0")
    owner.edits(MODULE, "greets", "hails")
    (owner.workspace / MODULE).with_name("stray.py").write_text("", encoding="utf-8")
    done = owner.verifies("--all", "--json", code=0)
    names = ("cache-v1.0.0", "core-logging-v1.0.0", "core-logging-v1.1.0")
    assert states(done) == {name: {"present"} for name in names}
    assert all(len(package["artifacts"]) == 2 for package in done.report["packages"])
    for name in names:
        assert f"rebuilt   {name} (built in process by hatchling" in done.err
    assert (problems(done), done.report["warnings"]) == ([], [])
    said = owner.verifies("--package", "core-logging", code=0).out
    assert "maestro-core-logging==1.1.0" in said
    assert "maestro-core-logging==1.0.0" not in said, "only the newest is offered"
    assert "maestro-cache" not in said


def test_what_differs_is_named_down_to_the_member(owner: Owner) -> None:
    """Published from a tree with edits, tagged without them."""
    owner.raises_the_version("1.0.0", "1.1.0")
    commit_all(owner.workspace)
    owner.tags("core-logging-v1.1.0")
    owner.edits(MODULE, "greets", "hails")
    owner.publishes()
    done = owner.verifies("--all", "--json", code=1)
    assert states(done)["core-logging-v1.1.0"] == {"failed"}
    assert states(done)["core-logging-v1.0.0"] == {"present"}
    wheel, sdist = problems(done)
    said = "maestro_core_logging-1.1.0-py3-none-any.whl is not what core-logging-v1.1.0 builds: "
    assert wheel == ("PB26", f"{said}maestro_core_logging/__init__.py differs.")
    assert sdist[1].endswith("maestro_core_logging-1.1.0/src/maestro_core_logging/__init__.py differs.")


def test_versions_without_a_tag_and_tags_without_files_are_listed(owner: Owner) -> None:
    owner.raises_the_version("1.0.0", "1.1.0")
    owner.publishes()
    git(owner.workspace, "tag", "--delete", "cache-v1.0.0")
    owner.tags("cache-v3.0.0", "nightly")
    done = owner.verifies("--all", "--json", code=1)
    assert states(done) == {"core-logging-v1.0.0": {"present"}}
    assert problems(done) == [
        ("PB24", "The index has cache 1.0.0, and there is no tag cache-v1.0.0."),
        ("PB24", "The index has core-logging 1.1.0, and there is no tag core-logging-v1.1.0."),
        ("PB25", "There is a tag cache-v3.0.0, and the index has no file of cache 3.0.0."),
    ]


def test_a_tag_that_does_not_build_its_version_keeps_to_its_own(owner: Owner) -> None:
    owner.raises_the_version("1.0.0", "1.1.0")
    owner.publishes()
    owner.tags("core-logging-v1.1.0")
    done = owner.verifies("--all", "--json", code=1)
    assert states(done)["core-logging-v1.1.0"] == {"failed"}
    assert states(done)["cache-v1.0.0"] == {"present"}
    assert {code for code, _ in problems(done)} == {"PB26"}
    assert all("The tree at core-logging-v1.1.0 says version 1.0.0." in message for _, message in problems(done))


def test_the_hatchling_that_the_tag_pins_builds_it(owner: Owner) -> None:
    """It writes its version into the wheel, so today's gives other bytes than those that were published then."""
    root = owner.workspace / "pyproject.toml"
    root.write_text(root.read_text(encoding="utf-8") + f'dependencies = ["hatchling=={OLD}"]\n', encoding="utf-8")
    owner.raises_the_version("1.0.0", "1.1.0")
    commit_all(owner.workspace)
    owner.tags("core-logging-v1.1.0")
    with owner.built("core-logging", OLD) as build:
        owner.uploads(build.wheel, build.sdist)
    done = owner.verifies("--package", "core-logging", "--json", code=0)
    assert states(done)["core-logging-v1.1.0"] == {"present"}
    assert f"rebuilt   core-logging-v1.1.0 (built in isolation: it is to be built by hatchling {OLD}, and" in done.err


def test_a_file_that_only_one_side_has_is_said(owner: Owner) -> None:
    """An sdist that was never uploaded, and a wheel under a name that nothing builds."""
    owner.raises_the_version("1.0.0", "1.1.0")
    commit_all(owner.workspace)
    owner.tags("core-logging-v1.1.0")
    with owner.built("core-logging") as build:
        other = build.wheel.with_name(build.wheel.name.replace("-py3-", "-1-py3-"))
        shutil.copy(build.wheel, other)
        owner.uploads(build.wheel, other)
    done = owner.verifies("--package", "core-logging", "--json", code=1)
    assert problems(done) == [
        ("PB26", f"{name} is not what core-logging-v1.1.0 builds: {why}.")
        for name, why in (
            ("maestro_core_logging-1.1.0.tar.gz", "the index does not have it"),
            ("maestro_core_logging-1.1.0-1-py3-none-any.whl", "its tag does not build it"),
        )
    ]


def test_two_questions_at_once_are_refused(owner: Owner) -> None:
    done = owner.verifies("--all", "--install", code=2)
    assert "PB27" in done.said
