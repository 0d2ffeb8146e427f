"""`invoke release` on real repositories: one push with a tag for each package, or a refusal that says everything."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from steps import all_end

from tooling.localnexus import add_user

if TYPE_CHECKING:
    from pathlib import Path

    from originals import Original
    from releasers import Releaser

ALL = ("core-api-v1.0.0", "core-config-v1.0.0", "core-logging-v1.0.0")


def test_every_package_gets_an_annotated_tag_that_says_its_changelog_and_all_is_pushed_at_once(
    releaser: Releaser, three: Original
) -> None:
    done = releaser.release("--all", "--push")
    assert done.code == 0, done.said
    head = releaser.git("rev-parse", "HEAD")
    assert releaser.tags() == releaser.tags(releaser.remote) == dict.fromkeys(ALL, head)
    assert releaser.message("core-api-v1.0.0") == "maestro-core-api 1.0.0\n\n- First version."
    assert releaser.index is not None
    assert releaser.index.traffic.accepted == 0, "by tag, nothing is published from here"
    assert three.files


def test_a_second_run_finds_nothing_to_do(releaser: Releaser) -> None:
    assert releaser.release("--all", "--push").code == 0
    before = releaser.git("for-each-ref", at=releaser.remote)
    again = releaser.release("--all", "--push", "--json")
    assert again.code == 0
    assert {tag["state"] for tag in again.report["tags"]} == {"present"}
    assert again.report["pushed"] == []
    assert releaser.git("for-each-ref", at=releaser.remote) == before


def test_what_was_tagged_here_is_pushed_later_by_the_same_words(releaser: Releaser) -> None:
    done = releaser.release("--package", "core-logging")
    assert done.code == 0
    assert "--push does it" in done.said
    assert releaser.tags(releaser.remote) == {}
    pushed = releaser.release("--package", "core-logging", "--push", "--json")
    assert pushed.report["pushed"] == ["core-logging-v1.0.0"]
    assert set(releaser.tags(releaser.remote)) == {"core-logging-v1.0.0"}


def test_commits_that_the_remote_lacks_go_with_the_tags(releaser: Releaser) -> None:
    releaser.raise_version("core-logging", "1.0.0", "1.1.0")
    done = releaser.release("--package", "core-logging", "--push", "--json")
    assert done.report["pushed"] == ["main", "core-logging-v1.1.0"]
    head = releaser.git("rev-parse", "HEAD")
    assert releaser.git("rev-parse", "main", at=releaser.remote) == head
    assert releaser.tags(releaser.remote) == {"core-logging-v1.1.0": head}
    assert releaser.message("core-logging-v1.1.0") == "maestro-core-logging 1.1.0\n\n- core-logging 1.1.0."


def test_a_rehearsal_says_tags_their_messages_and_the_plan_and_changes_nothing(releaser: Releaser) -> None:
    before = releaser.git("for-each-ref"), releaser.git("for-each-ref", at=releaser.remote)
    done = releaser.release("--all", "--push", "--dry-run")
    assert done.code == 0
    for said in (*ALL, "- First version.", "maestro-core-api 1.0.0 wheel planned", "To be pushed to origin: "):
        assert said in done.said
    assert (releaser.git("for-each-ref"), releaser.git("for-each-ref", at=releaser.remote)) == before
    assert releaser.index is not None
    assert releaser.index.pages() == {}


def test_index_first_publishes_and_proves_before_it_tags(releaser: Releaser, three: Original) -> None:
    done = releaser.release("--all", "--publish", "--push")
    assert done.code == 0, done.said
    lines = done.out.splitlines()
    last_install = max(number for number, line in enumerate(lines) if line.startswith("installed "))
    assert last_install < min(number for number, line in enumerate(lines) if line.startswith("tagged "))
    assert releaser.index is not None
    assert releaser.index.pages() == three.pages
    assert set(releaser.tags(releaser.remote)) == set(ALL)


def test_index_first_tags_nothing_that_was_not_published(releaser: Releaser, three: Original) -> None:
    """The rights are missing; with them, the same words finish it."""
    assert releaser.index is not None
    add_user(releaser.index.running, "reader", "reads", ["nx-repository-view-pypi-pypi-hosted-read"])
    words = ("--all", "--publish", "--push", "--json")
    done = releaser.release(*words, NEXUS_USERNAME="reader", NEXUS_PASSWORD="reads")
    assert (done.code, {tag["state"] for tag in done.report["tags"]}) == (1, {"held"}), done.said
    assert (releaser.tags(), releaser.tags(releaser.remote)) == ({}, {})
    assert releaser.release("--all", "--publish", "--push").code == 0
    assert releaser.index.pages() == three.pages
    assert set(releaser.tags(releaser.remote)) == set(ALL)


def test_index_first_tags_nothing_that_does_not_import(releaser: Releaser) -> None:
    broken = releaser.root / "packages/core-config/src/maestro_core_config/_broken.py"
    broken.write_text('"""Broken."""\n\nraise RuntimeError\n', encoding="utf-8")
    releaser.git("add", "--all")
    releaser.git("commit", "--quiet", "--message", "Break it")
    done = releaser.release("--all", "--publish", "--push")
    assert (done.code, "PB11: " in done.said, "No tag was made" in done.said) == (1, True, True), done.said
    assert (releaser.tags(), releaser.tags(releaser.remote)) == ({}, {})


def test_everything_that_speaks_against_a_release_is_said_at_once(releaser: Releaser, tmp_path: Path) -> None:
    """A shallow clone without tags, behind its remote, on another branch, edited, and with nothing in a changelog."""
    assert releaser.release("--package", "core-logging", "--push").code == 0
    releaser.git("clone", "--quiet", "--depth=1", "--no-tags", f"file://{releaser.remote}", str(tmp_path / "other"))
    colleague = releaser.colleague(tmp_path / "colleague")
    colleague.edit("packages/core-api/README.md", "Greets", "Really greets")
    colleague.git("push", "--quiet")
    other = type(releaser)(
        root=tmp_path / "other",
        remote=releaser.remote,
        home=releaser.home,
        warm=releaser.warm,
        index=releaser.index,
    )
    other.git("switch", "--quiet", "--create", "topic")
    other.edit("packages/core-config/CHANGELOG.md", "- First version.", "", commit=False)
    (other.root / "packages/core-api/notes.txt").write_text("notes", encoding="utf-8")
    releaser.git("config", "--global", "user.useConfigOnly", "true")
    releaser.git("config", "--global", "--unset", "user.email")
    done = other.release("--all")
    assert done.code == 3
    for said in (
        "RL01: This is the branch topic; releases are made from main.",
        "RL02: The clone is shallow",
        "RL03: The working tree is not clean: packages/core-config/CHANGELOG.md, packages/core-api/notes.txt.",
        "RL04: origin has commits on main that are not here.",
        "RL05: Git does not know who makes commits and tags here.",
        "RL06: origin has tags that are not here: core-logging-v1.0.0. Run `git fetch --tags origin`.",
        "RL09: The changelog of core-config has nothing in the section for 1.0.0.",
        "BD02: ",
    ):
        assert said in done.said, done.said
    assert other.tags() == {}


def test_a_detached_head_a_remote_that_is_not_there_and_an_unanswering_index_are_said_too(releaser: Releaser) -> None:
    releaser.git("switch", "--quiet", "--detach")
    releaser.git("remote", "set-url", "origin", "https://user:token@127.0.0.1:1/nowhere.git")
    done = releaser.release("--all", NEXUS_URL="http://127.0.0.1:9")
    assert done.code == 3
    assert "RL01: HEAD is detached" in done.said
    assert "GT02: `git ls-remote` ended with 128" in done.said
    assert "IX02" in done.said
    assert "token" not in done.said


def test_without_a_remote_a_release_is_made_and_a_push_is_refused(releaser: Releaser) -> None:
    releaser.git("remote", "remove", "origin")
    refused = releaser.release("--all", "--push")
    assert (refused.code, "RL04: There is no remote" in refused.said) == (3, True)
    assert releaser.release("--all").code == 0
    assert set(releaser.tags()) == set(ALL)


def test_a_taken_tag_is_not_moved(releaser: Releaser) -> None:
    """By a lightweight tag, by a commit elsewhere, by another tag at the remote."""
    releaser.git("tag", "core-logging-v1.0.0")
    releaser.git("switch", "--quiet", "--create", "elsewhere")
    releaser.edit("packages/core-api/README.md", "Greets", "Really greets")
    releaser.git("tag", "--annotate", "--message", "elsewhere", "core-config-v1.0.0")
    releaser.git("switch", "--quiet", "main")
    releaser.git("tag", "--annotate", "--message", "there", "core-api-v1.0.0")
    releaser.git("push", "--quiet", "origin", "core-api-v1.0.0")
    releaser.git("tag", "--force", "--annotate", "--message", "here", "core-api-v1.0.0")
    done = releaser.release("--all")
    assert done.code == 3
    assert "RL07: The tag core-logging-v1.0.0 is taken by a lightweight tag" in done.said
    assert "RL07: The tag core-config-v1.0.0 is taken by a commit that is not before this one." in done.said
    assert "It is nowhere but here: run `git tag -d core-config-v1.0.0`, then again." in done.said
    assert "RL07: The tag core-api-v1.0.0 is another tag here than at origin." in done.said


def test_a_package_that_changed_under_its_version_is_refused_by_name_and_warned_of_among_all(
    releaser: Releaser,
) -> None:
    assert releaser.release("--all", "--push").code == 0
    releaser.edit("packages/core-api/README.md", "Greets", "Really greets")
    named = releaser.release("--package", "core-api")
    assert (named.code, "RL08: core-api has changed since 1.0.0 was tagged." in named.said) == (3, True)
    among_all = releaser.release("--all", "--json")
    assert among_all.code == 0
    assert among_all.report["warnings"] == [
        "core-api has changed since 1.0.0 was tagged; that is not released by this."
    ]


def test_what_breaks_a_rule_of_the_house_is_not_released(releaser: Releaser) -> None:
    releaser.edit("packages/core-config/src/maestro_core_config/__init__.py", '["greet"]', '["greet", "gone"]')
    done = releaser.release("--all")
    assert (done.code, "PK20: core-config: `__all__` names gone" in done.said) == (3, True)
    assert releaser.tags() == {}


def test_other_bytes_in_the_index_are_found_before_the_tag_is_made(releaser: Releaser) -> None:
    assert releaser.invoke("publish", "--all").code == 0
    releaser.edit("packages/core-api/README.md", "Greets", "Really greets")
    done = releaser.release("--all", "--push")
    assert (done.code, "PB01: maestro_core_api-1.0.0" in done.said) == (3, True)
    assert releaser.tags() == {}


def test_who_may_only_read_the_index_can_release_by_tag_and_who_cannot_reach_it_too(releaser: Releaser) -> None:
    reading = releaser.release("--package", "core-logging", "--push", NEXUS_USERNAME="", NEXUS_PASSWORD="")
    assert reading.code == 0, reading.said
    done = releaser.release("--all", "--push", "--no-index", NEXUS_URL="http://127.0.0.1:9")
    assert done.code == 0, done.said
    assert set(releaser.tags(releaser.remote)) == set(ALL)


def test_old_files_in_dist_are_pointed_out_and_left_alone(releaser: Releaser) -> None:
    releaser.raise_version("core-logging", "1.0.0", "1.1.0")
    done = releaser.release("--package", "core-logging", "--json")
    old = ["maestro_core_logging-1.0.0-py3-none-any.whl", "maestro_core_logging-1.0.0.tar.gz"]
    assert done.report["warnings"] == [f"dist/ holds files of other versions, which are left alone: {', '.join(old)}."]
    assert all((releaser.root / "dist" / name).is_file() for name in old)


def test_tags_are_signed_where_git_is_set_so(releaser: Releaser) -> None:
    key = releaser.home / "key"
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "releaser@example.com", "-f", str(key)]
    subprocess.run(words, check=True)
    public = key.with_suffix(".pub").read_text(encoding="utf-8")
    allowed = releaser.home / "allowed"
    allowed.write_text(f"releaser@example.com {public}", encoding="utf-8")
    for name, value in {
        "gpg.format": "ssh",
        "user.signingKey": str(key),
        "tag.gpgSign": "true",
        "gpg.ssh.allowedSignersFile": str(allowed),
    }.items():
        releaser.git("config", "--global", name, value)
    assert releaser.release("--all", "--push").code == 0
    for tag in ALL:
        releaser.git("verify-tag", tag, at=releaser.remote)
    assert releaser.release("--all", "--push").code == 0


@pytest.mark.parametrize("name", ["reference-transaction", "pre-push"])
def test_a_hook_that_does_not_end_is_ended_with_all_it_started_and_named(name: str, releaser: Releaser) -> None:
    """It does not even listen to a request to end, and it has a child."""
    pids = releaser.home / "pids"
    waits = f"trap '' TERM; sleep 1000 & echo $$ $! >> {pids}; while :; do wait; done"
    releaser.hook(name, waits if name == "pre-push" else f'case "$1" in prepared) {waits};; esac')
    done = releaser.release("--package", "core-logging", "--push", MAESTRO_PATIENCE="1")
    assert done.code == 1, done.said
    assert "did not end in 1 s, so it and all it had started was ended." in done.said
    assert f"Its hooks here are {name}." in done.said
    assert all_end(map(int, pids.read_text(encoding="utf-8").split()))
    (releaser.root / ".git/hooks" / name).unlink()
    assert releaser.release("--package", "core-logging", "--push").code == 0
    assert set(releaser.tags(releaser.remote)) == {"core-logging-v1.0.0"}


def test_what_a_hook_leaves_in_the_background_keeps_nobody_waiting(releaser: Releaser) -> None:
    releaser.hook("pre-push", f"sleep 1000 & echo $! > {releaser.home}/pid")
    done = releaser.release("--package", "core-logging", "--push", MAESTRO_PATIENCE="60")
    subprocess.run(["kill", (releaser.home / "pid").read_text(encoding="utf-8").strip()], check=True)
    assert done.code == 0, done.said


def test_a_push_that_the_server_refuses_leaves_nothing_of_it_there(releaser: Releaser) -> None:
    """One ref of four is refused, so none arrives."""
    releaser.raise_version("core-logging", "1.0.0", "1.1.0")
    before = releaser.git("for-each-ref", at=releaser.remote)
    releaser.hook("update", 'case "$1" in *core-api*) echo not this one; exit 1;; esac', at=releaser.remote)
    refused = releaser.release("--all", "--push")
    assert (refused.code, "GT02: `git push` ended with 1" in refused.said) == (1, True), refused.said
    assert "not this one" in refused.said
    assert releaser.git("for-each-ref", at=releaser.remote) == before
    (releaser.remote / "hooks/update").unlink()
    assert releaser.release("--all", "--push").code == 0
    assert len(releaser.tags(releaser.remote)) == 3


def test_who_is_overtaken_by_a_push_is_told_what_to_do_and_that_works(releaser: Releaser, tmp_path: Path) -> None:
    """A colleague pushes between our look at the remote and our push: in our own pre-push hook."""
    releaser.raise_version("core-logging", "1.0.0", "1.1.0")
    colleague = releaser.colleague(tmp_path / "colleague")
    colleague.edit("packages/core-api/README.md", "Greets", "Really greets")
    releaser.hook("pre-push", f"cd {colleague.root} && env -u GIT_DIR git push --quiet origin main")
    late = releaser.release("--package", "core-logging", "--push")
    assert late.code == 1
    assert "RL10: origin got other commits on main meanwhile, so nothing was pushed." in late.said
    assert "Run `git tag -d core-logging-v1.1.0`, `git pull --rebase origin main`, then the same" in late.said
    assert releaser.tags(releaser.remote) == {}
    (releaser.root / ".git/hooks/pre-push").unlink()
    releaser.git("tag", "-d", "core-logging-v1.1.0")
    releaser.git("pull", "--quiet", "--rebase", "origin", "main")
    assert releaser.release("--package", "core-logging", "--push").code == 0
    assert releaser.tags(releaser.remote) == {"core-logging-v1.1.0": releaser.git("rev-parse", "HEAD")}


def test_who_is_overtaken_by_the_same_tag_is_told_so(releaser: Releaser, tmp_path: Path) -> None:
    colleague = releaser.colleague(tmp_path / "colleague")
    colleague.git("tag", "--annotate", "--message", "theirs", "core-logging-v1.0.0")
    releaser.hook("pre-push", f"cd {colleague.root} && env -u GIT_DIR git push --quiet origin core-logging-v1.0.0")
    late = releaser.release("--package", "core-logging", "--push")
    assert (late.code, "RL10: origin got core-logging-v1.0.0 from somebody else" in late.said) == (1, True), late.said
    assert releaser.message("core-logging-v1.0.0").startswith("maestro-core-logging 1.0.0")


def test_two_who_release_the_same_at_once_leave_one_tag_and_one_of_them_is_told(
    releaser: Releaser, tmp_path: Path
) -> None:
    colleague = releaser.colleague(tmp_path / "colleague")
    words = ("release", "--all", "--push")
    runs = [each.warm.start(each.root, *words, environment=each.environment) for each in (releaser, colleague)]
    done = [run.wait() for run in runs]
    codes = sorted(each.code for each in done)
    assert codes[0] == 0, [each.said for each in done]
    assert codes[1] in {0, 1, 3}, [each.said for each in done]
    assert set(releaser.tags(releaser.remote)) == set(ALL)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from-tag", "core-api-v1.0.0", "--push", "--all"), "--all, --push go not with --from-tag"),
        (("--all", "--notes", "notes.md"), "--notes goes only with --from-tag"),
        (("--all", "--publish", "--no-index"), "exclude each other"),
    ],
)
def test_words_that_do_not_go_together_are_refused(words: tuple[str, ...], said: str, releaser: Releaser) -> None:
    done = releaser.release(*words)
    assert (done.code, "RL17" in done.said, said in done.said) == (2, True, True), done.said


def test_nothing_is_released_outside_a_repository_or_before_its_first_commit(
    releaser: Releaser, three: Original
) -> None:
    stranger = type(releaser)(root=three.source, remote=releaser.remote, home=releaser.home, warm=releaser.warm)
    done = stranger.release("--all")
    assert (done.code, "GT04: " in done.said) == (1, True), done.said
