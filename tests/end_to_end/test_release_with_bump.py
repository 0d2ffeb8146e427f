"""`invoke release --part …`: versions, changelogs, commit, tags and push in one go, finished by the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from releasers import Releaser

FILES = ["packages/core-logging/pyproject.toml", "packages/core-logging/CHANGELOG.md", "README.md"]
MINOR = ("--package", "core-logging", "--part", "minor")


@pytest.fixture
def team(releaser: Releaser) -> Releaser:
    """Somebody whose packages are released at 1.0.0, with something to say about the next version of one."""
    assert releaser.release("--all", "--publish", "--push").code == 0
    releaser.tell_changelog("core-logging", "- It greets louder.")
    releaser.git("push", "--quiet")
    return releaser


def files_of(team: Releaser, commit: str) -> list[str]:
    return sorted(team.git("show", "--name-only", "--format=", commit).splitlines())


def test_one_commit_of_what_the_bump_edits_one_tag_and_one_push(team: Releaser) -> None:
    before = team.git("rev-parse", "HEAD")
    done = team.release(*MINOR, "--push")
    assert done.code == 0, done.said
    head = team.git("rev-parse", "HEAD")
    assert team.git("rev-parse", "HEAD^") == before
    assert files_of(team, head) == sorted(FILES)
    message = team.git("log", "-1", "--format=%B")
    assert message == "Release core-logging 1.1.0\n\nReleased: core-logging-v1.1.0"
    assert team.git("interpret-trailers", "--parse", str(team.noted(message))) == "Released: core-logging-v1.1.0"
    assert team.git("rev-parse", "main", at=team.remote) == head
    assert team.tags(team.remote)["core-logging-v1.1.0"] == head
    assert team.message("core-logging-v1.1.0") == "maestro-core-logging 1.1.0\n\n- It greets louder."
    assert team.git("status", "--porcelain") == ""


def test_the_same_words_again_find_everything_done(team: Releaser) -> None:
    assert team.release(*MINOR, "--push").code == 0
    refs = team.git("for-each-ref"), team.git("for-each-ref", at=team.remote)
    again = team.release(*MINOR, "--push", "--json")
    assert (again.code, [tag["state"] for tag in again.report["tags"]]) == (0, ["present"]), again.said
    assert (team.git("for-each-ref"), team.git("for-each-ref", at=team.remote)) == refs


def test_a_rehearsal_says_commit_tags_and_plan_and_changes_nothing(team: Releaser) -> None:
    refs = team.git("for-each-ref"), team.git("for-each-ref", at=team.remote)
    done = team.release(*MINOR, "--push", "--dry-run")
    assert done.code == 0, done.said
    for said in (
        "core-logging 1.0.0 -> 1.1.0",
        "commit (planned) Release core-logging 1.1.0",
        *FILES,
        "core-logging-v1.1.0 (planned) planned",
        "- It greets louder.",
        "maestro-core-logging 1.1.0 wheel planned",
        "To be pushed to origin: main, core-logging-v1.1.0.",
    ):
        assert said in done.said
    assert (team.git("for-each-ref"), team.git("for-each-ref", at=team.remote)) == refs
    assert team.git("status", "--porcelain") == ""
    told = team.release(*MINOR, "--push", "--dry-run", "--json").report
    assert (told["commit"]["id"], sorted(told["commit"]["files"])) == (None, sorted(FILES))
    assert [(each["name"], each["from"], each["to"]) for each in told["bump"]] == [("core-logging", "1.0.0", "1.1.0")]


def test_dependents_that_have_to_follow_are_released_with_it(team: Releaser) -> None:
    team.edit("packages/core-config/pyproject.toml", "core-logging>=1.0.0", "core-logging>=1.0.0,<2")
    team.tell_changelog("core-config", "- It stays with the first core-logging.")
    done = team.release("--package", "core-logging", "--part", "major", "--publish", "--push", "--json")
    assert done.code == 0, done.said
    head = team.git("rev-parse", "HEAD")
    made = {tag["name"]: tag["state"] for tag in done.report["tags"]}
    assert made == {"core-logging-v2.0.0": "made", "core-config-v1.0.1": "made"}
    assert {name: team.tags(team.remote)[name] for name in made} == dict.fromkeys(made, head)
    assert team.index is not None
    assert "maestro_core_config-1.0.1.tar.gz" in team.index.pages()["maestro-core-config"]


def test_whose_dependency_groups_alone_follow_is_released_with_what_they_follow(releaser: Releaser) -> None:
    """Its sdist has other bytes than the released one; so all can be published again right after."""
    manifest = "packages/core-api/pyproject.toml"
    releaser.edit(manifest, "[dependency-groups]\n", '[dependency-groups]\ndocs = ["maestro-core-logging<2"]\n')
    assert releaser.release("--all", "--publish", "--push").code == 0
    releaser.tell_changelog("core-logging", "### Removed\n\n- What nobody knew.")
    done = releaser.release("--all", "--auto", "--publish", "--push", "--json")
    assert done.code == 0, done.said
    assert {tag["name"]: tag["state"] for tag in done.report["tags"]} == {
        "core-logging-v2.0.0": "made",
        "core-config-v1.0.0": "present",
        "core-api-v1.0.1": "made",
    }
    assert manifest in files_of(releaser, "HEAD")
    assert releaser.invoke("publish", "--all").code == 0


def test_the_version_can_be_left_to_what_changed(team: Releaser) -> None:
    team.edit(
        "packages/core-logging/src/maestro_core_logging/__init__.py",
        '__all__ = ["greet"]\n',
        '__all__ = ["greet", "part"]\n\n\ndef part(whom: str) -> str:\n    """Say goodbye."""\n    return whom\n',
    )
    done = team.release("--changed", "--auto", "--push", "--json")
    assert done.code == 0, done.said
    assert [(each["name"], each["to"]) for each in done.report["bump"]] == [("core-logging", "1.1.0")]
    assert set(done.report["pushed"]) == {"main", "core-logging-v1.1.0"}


def test_all_reasons_against_bump_and_release_are_said_together(team: Releaser) -> None:
    (team.root / "notes.txt").write_text("notes", encoding="utf-8")
    done = team.release("--package", "core-config", "--part", "minor")
    assert done.code == 3
    assert "VS01: Nothing stands under Unreleased in the changelog of core-config." in done.said
    assert "RL03: The working tree is not clean: notes.txt." in done.said


def test_a_tag_that_is_there_already_is_not_what_a_bump_releases(team: Releaser) -> None:
    team.git("tag", "--annotate", "--message", "by hand", "core-logging-v1.1.0")
    done = team.release(*MINOR)
    assert (done.code, "RL08: core-logging has changed since 1.1.0 was tagged." in done.said) == (3, True), done.said
    assert team.git("status", "--porcelain") == ""


def test_edits_of_the_same_files_are_not_mistaken_for_those_of_the_bump(team: Releaser) -> None:
    team.edit("packages/core-logging/CHANGELOG.md", "louder", "much louder", commit=False)
    done = team.release(*MINOR)
    assert (done.code, "RL03: " in done.said) == (3, True), done.said


@pytest.mark.parametrize(
    ("script", "code"),
    [("echo not today; exit 1", "GT02: `git commit` ended with 1"), ("sleep 1000", "GT03: `git commit` did not end")],
)
def test_a_hook_that_keeps_the_commit_from_being_made_leaves_what_the_same_words_finish(
    script: str, code: str, team: Releaser
) -> None:
    team.hook("pre-commit", script)
    done = team.release(*MINOR, "--push", MAESTRO_PATIENCE="2")
    assert (done.code, code in done.said, "pre-commit" in done.said or "not today" in done.said) == (1, True, True)
    (team.root / ".git/hooks/pre-commit").unlink()
    again = team.release(*MINOR, "--push")
    assert again.code == 0, again.said
    assert team.tags(team.remote)["core-logging-v1.1.0"] == team.git("rev-parse", "HEAD")
    assert team.git("status", "--porcelain") == ""


def test_who_is_overtaken_rebases_and_says_the_same_again(team: Releaser, tmp_path: Path) -> None:
    """The release's commit moves onto the colleague's; the tag follows it."""
    colleague = team.colleague(tmp_path / "colleague")
    colleague.edit("packages/core-api/README.md", "Greets", "Really greets")
    team.hook("pre-push", f"cd {colleague.root} && env -u GIT_DIR git push --quiet origin main")
    late = team.release(*MINOR, "--push")
    assert (late.code, "RL10: " in late.said) == (1, True), late.said
    (team.root / ".git/hooks/pre-push").unlink()
    team.git("tag", "-d", "core-logging-v1.1.0")
    team.git("pull", "--quiet", "--rebase", "origin", "main")
    again = team.release(*MINOR, "--push")
    assert again.code == 0, again.said
    head = team.git("rev-parse", "HEAD")
    assert (team.tags(team.remote)["core-logging-v1.1.0"], team.git("rev-parse", "main", at=team.remote)) == (
        head,
        head,
    )


def test_index_first_keeps_its_place_on_the_branch_before_it_publishes(team: Releaser, tmp_path: Path) -> None:
    """Who is overtaken there has published nothing yet."""
    colleague = team.colleague(tmp_path / "colleague")
    colleague.edit("packages/core-api/README.md", "Greets", "Really greets")
    team.hook("pre-push", f"cd {colleague.root} && env -u GIT_DIR git push --quiet origin main")
    assert team.index is not None
    before = team.index.pages()
    late = team.release(*MINOR, "--publish", "--push")
    assert (late.code, "RL10: " in late.said, team.index.pages() == before) == (1, True, True), late.said
    (team.root / ".git/hooks/pre-push").unlink()
    team.git("pull", "--quiet", "--rebase", "origin", "main")
    assert team.release(*MINOR, "--publish", "--push").code == 0
    assert "maestro_core_logging-1.1.0.tar.gz" in team.index.pages()["maestro-core-logging"]
    assert team.tags(team.remote)["core-logging-v1.1.0"] == team.git("rev-parse", "main", at=team.remote)
