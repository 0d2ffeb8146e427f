"""`invoke release --from-tag`: what a workflow calls when a tag arrives, in a clone of its own."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from originals import Original
    from publishers import Finished
    from releasers import Releaser

ALL = ("core-logging-v1.0.0", "core-config-v1.0.0", "core-api-v1.0.0")


@pytest.fixture
def released(releaser: Releaser) -> Releaser:
    """Somebody who has pushed a tag for each package."""
    assert releaser.release("--all", "--push").code == 0
    return releaser


@pytest.fixture
def job(released: Releaser, tmp_path: Path) -> Releaser:
    """A workflow's clone, at a tag: HEAD is detached."""
    clone = released.colleague(tmp_path / "job")
    clone.git("checkout", "--quiet", "core-api-v1.0.0")
    return clone


def from_tags(who: Releaser, *tags: str, more: tuple[str, ...] = ()) -> Finished:
    return who.release(*(word for tag in tags for word in ("--from-tag", tag)), *more)


def test_a_tag_is_published_with_what_it_needs_of_the_same_commit_proven_and_written_down(
    job: Releaser, three: Original, tmp_path: Path
) -> None:
    notes, manifest = tmp_path / "notes.md", tmp_path / "manifest.json"
    done = from_tags(job, "core-config-v1.0.0", more=("--notes", str(notes), "--manifest", str(manifest)))
    assert done.code == 0, done.said
    assert "installed maestro-core-config 1.0.0" in done.said
    assert job.index is not None
    wanted = {name: three.pages[name] for name in ("maestro-core-logging", "maestro-core-config")}
    assert job.index.pages() == wanted
    told = json.loads(manifest.read_text(encoding="utf-8"))
    commit = job.git("rev-parse", "HEAD")
    assert {each["file"]: each["sha256"] for each in told["files"]} == wanted["maestro-core-config"]
    assert {(each["tag"], each["commit"]) for each in told["files"]} == {("core-config-v1.0.0", commit)}
    for each in told["files"]:
        assert (job.root / "dist" / each["file"]).stat().st_size == each["size"]
    text = notes.read_text(encoding="utf-8")
    for said in ("# maestro-core-config 1.0.0", "- First version.", *wanted["maestro-core-config"].values()):
        assert said in text


def test_tags_of_one_commit_are_released_together_whatever_their_order(job: Releaser, three: Original) -> None:
    done = from_tags(job, *reversed(ALL), more=("--json",))
    assert done.code == 0, done.said
    assert job.index is not None
    assert job.index.pages() == three.pages
    assert [tag["name"] for tag in done.report["tags"]] == list(ALL)


def test_the_same_job_twice_and_the_jobs_of_all_tags_at_once_are_harmless(
    job: Releaser, three: Original, tmp_path: Path
) -> None:
    manifest = tmp_path / "manifest.json"
    runs = [job.warm.start(job.root, "release", "--from-tag", tag, environment=job.environment) for tag in (*ALL, *ALL)]
    done = [run.wait() for run in runs]
    assert [each.code for each in done] == [0] * 6, [each.said for each in done]
    assert job.index is not None
    assert job.index.pages() == three.pages
    accepted = job.index.traffic.accepted
    written = []
    for _ in range(2):
        assert from_tags(job, ALL[2], more=("--manifest", str(manifest))).code == 0
        written.append(manifest.read_bytes())
    assert written[0] == written[1]
    assert job.index.traffic.accepted == accepted == three.files


def test_what_lies_in_the_working_tree_does_not_matter(job: Releaser, three: Original) -> None:
    """Edits, new files, and a tree that is at another commit altogether."""
    job.edit("packages/core-api/README.md", "Greets", "Really greets")
    job.edit("packages/core-logging/README.md", "Greets", "Hardly greets", commit=False)
    (job.root / "packages/core-config/stray.txt").write_text("stray", encoding="utf-8")
    done = from_tags(job, *ALL)
    assert done.code == 0, done.said
    assert job.index is not None
    assert job.index.pages() == three.pages
    assert (job.root / "packages/core-config/stray.txt").is_file()


def test_what_is_tagged_is_what_is_published(released: Releaser, tmp_path: Path) -> None:
    """After edits and a further release: whoever builds from a tag in a clone gets the bytes the index has."""
    released.edit("packages/core-logging/README.md", "Greets", "Really greets", commit=False)
    released.raise_version("core-logging", "1.0.0", "1.1.0")
    assert released.release("--all", "--publish", "--push").code == 0
    job = released.colleague(tmp_path / "job")
    assert from_tags(job, *ALL).code == 0
    tags = released.tags(released.remote)
    assert set(tags) == {*ALL, "core-logging-v1.1.0"}
    built: dict[str, dict[str, str]] = {}
    for tag in tags:
        job.git("checkout", "--quiet", "--force", tag)
        package = tag.rpartition("-v")[0]
        artifacts = job.invoke("build", "--package", package, "--rebuild", "--json").report["artifacts"]
        files = {each["file"].rpartition("/")[2]: each["sha256"] for each in artifacts}
        built.setdefault(f"maestro-{package}", {}).update(files)
    assert job.index is not None
    assert job.index.pages() == built


def test_a_rehearsal_sends_and_writes_nothing(job: Releaser, tmp_path: Path) -> None:
    done = from_tags(job, ALL[0], more=("--dry-run", "--notes", str(tmp_path / "notes.md")))
    assert (done.code, "2 planned" in done.said) == (0, True), done.said
    assert job.index is not None
    assert job.index.pages() == {}
    assert not (tmp_path / "notes.md").exists()


def test_what_is_no_tag_of_a_release_is_refused_with_what_is_wrong(job: Releaser) -> None:
    """All together: nothing is sent for the one that is right, either."""
    job.git("tag", "core-lightweight-v1.0.0")
    job.git("tag", "--annotate", "--message", "no such package", "nothing-v1.0.0")
    wrong = {
        "core-apy-v1.0.0": "GT10: `core-apy-v1.0.0` is not the tag of a release: there is no package `core-apy`. "
        "Did you mean core-api-v1.0.0?",
        "core-api-1.0.0": "GT10: `core-api-1.0.0` is not the tag of a release",
        "core-api-v1.0": "RL11: There is no tag core-api-v1.0 in this clone. Did you mean core-api-v1.0.0?",
        "core-lightweight-v1.0.0": "RL12: core-lightweight-v1.0.0 is a lightweight tag",
    }
    done = from_tags(job, ALL[0], *wrong)
    assert done.code in {2, 3}
    assert [said for said in wrong.values() if said not in done.said] == [], done.said
    nothing = from_tags(job, "nothing-v1.0.0")
    assert (nothing.code, "GT10: `nothing-v1.0.0`" in nothing.said) == (2, True), nothing.said
    assert job.index is not None
    assert job.index.pages() == {}


def test_a_tag_that_disagrees_with_its_tree_is_refused(job: Releaser) -> None:
    """It names another version, or one whose changelog says nothing of it."""
    job.git("checkout", "--quiet", "main")
    job.edit("packages/core-config/CHANGELOG.md", "## [1.0.0]", "## [0.9.0]")
    job.git("push", "--quiet", "origin", "main")
    for tag in ("core-api-v1.2.0", "core-config-v1.0.0"):
        job.git("tag", "--force", "--annotate", "--message", "by hand", tag)
    done = from_tags(job, "core-api-v1.2.0", "core-config-v1.0.0")
    assert done.code == 3
    assert "RL15: core-api-v1.2.0 names another version than its commit has: core-api is at 1.0.0" in done.said
    assert "RL09: The changelog of core-config says nothing about 1.0.0" in done.said


def test_tags_of_several_commits_are_not_released_together(job: Releaser) -> None:
    job.git("checkout", "--quiet", "main")
    job.raise_version("core-logging", "1.0.0", "1.1.0")
    assert job.release("--package", "core-logging", "--push").code == 0
    done = from_tags(job, "core-logging-v1.1.0", "core-api-v1.0.0")
    assert (done.code, "RL14: These tags name several commits" in done.said) == (3, True)


def test_a_tag_off_the_release_branch_is_refused(job: Releaser) -> None:
    job.git("checkout", "--quiet", "-b", "topic")
    job.raise_version("core-logging", "1.0.0", "6.6.6")
    job.git("tag", "--annotate", "--message", "sneaky", "core-logging-v6.6.6")
    job.git("push", "--quiet", "origin", "topic", "core-logging-v6.6.6")
    done = from_tags(job, "core-logging-v6.6.6")
    assert (done.code, "RL13: core-logging-v6.6.6 names the commit" in done.said) == (3, True)
    job.git("branch", "--force", "main", "topic")
    assert from_tags(job, "core-logging-v6.6.6").code == 3, "a branch that is called main here proves nothing"


def test_a_shallow_clone_that_cannot_tell_says_so_and_one_of_the_tip_is_enough(
    job: Releaser, released: Releaser, tmp_path: Path
) -> None:
    shallow = type(job)(root=tmp_path / "shallow", remote=job.remote, home=job.home, warm=job.warm, index=job.index)
    job.git("clone", "--quiet", "--depth=1", f"file://{job.remote}", str(shallow.root))
    shallow.git("fetch", "--quiet", "--depth=1", "origin", "tag", "core-logging-v1.0.0")
    assert from_tags(shallow, "core-logging-v1.0.0").code == 0
    released.edit("packages/core-api/README.md", "Greets", "Really greets")
    released.git("push", "--quiet")
    shallow.git("fetch", "--quiet", "--depth=1", "origin", "main")
    done = from_tags(shallow, "core-logging-v1.0.0")
    assert (done.code, "run `git fetch --unshallow`" in done.said) == (3, True), done.said


def test_what_needs_a_package_that_is_neither_in_the_index_nor_tagged_with_it_waits(releaser: Releaser) -> None:
    assert releaser.release("--package", "core-config", "--no-index", "--push").code == 0
    done = from_tags(releaser, "core-config-v1.0.0")
    assert (done.code, "PB03: core-config needs maestro-core-logging" in done.said) == (3, True), done.said
    assert "tags of one commit are released together" in done.said
    assert releaser.release("--package", "core-logging", "--push").code == 0
    assert from_tags(releaser, "core-config-v1.0.0").code == 0


def test_a_tag_whose_package_does_not_import_is_published_and_reported(releaser: Releaser, tmp_path: Path) -> None:
    """The index first is the way that tells before the tag; a job from a tag can but fail."""
    broken = releaser.root / "packages/core-logging/src/maestro_core_logging/_broken.py"
    broken.write_text('"""Broken."""\n\nraise RuntimeError\n', encoding="utf-8")
    releaser.git("add", "--all")
    releaser.git("commit", "--quiet", "--message", "Break it")
    assert releaser.release("--package", "core-logging", "--push").code == 0
    manifest = tmp_path / "manifest.json"
    done = from_tags(releaser, "core-logging-v1.0.0", more=("--manifest", str(manifest)))
    assert (done.code, "PB11: " in done.said, manifest.exists()) == (1, True, False), done.said


@pytest.mark.parametrize("flag", ["--notes", "--manifest"])
def test_a_file_that_cannot_be_written_is_refused_before_anything_is_sent(flag: str, job: Releaser) -> None:
    done = from_tags(job, ALL[0], more=(flag, "no/such/folder/file"))
    assert (done.code, "RL16: no/such/folder/file cannot be written" in done.said) == (2, True), done.said
    assert job.index is not None
    assert job.index.pages() == {}


def test_the_manifest_names_the_bytes_that_installers_get(job: Releaser, tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    assert from_tags(job, *ALL, more=("--manifest", str(manifest))).code == 0
    for each in json.loads(manifest.read_text(encoding="utf-8"))["files"]:
        content = (job.root / "dist" / each["file"]).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (each["sha256"], each["size"])
