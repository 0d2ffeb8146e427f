"""`invoke bump` as a user meets it: versions and reasons, the edits, exit codes, one JSON object."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from bump_workspaces import Clone, commit_all
from originals import runnable_workspace
from publishers import user_environment
from warm_invoke import WarmInvoke, warm_invoke

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from publishers import Finished

INIT = "packages/core-logging/src/maestro_core_logging/__init__.py"


@pytest.fixture(scope="module")
def warm() -> Iterator[WarmInvoke]:
    with warm_invoke() as lent:
        yield lent


class Desk:
    """A repository, and a user who types commands in it."""

    def __init__(self, folder: Path, warm: WarmInvoke) -> None:
        root = runnable_workspace(
            folder / "clone",
            {
                "core-logging": {},
                "core-config": {"needs": ("core-logging>=1.0.0,<2",)},
                "core-api": {"needs": ("core-config",)},
            },
        )
        commit_all(root)
        self.clone = Clone(root)
        self.home = folder / "home"
        self._warm = warm

    def types(self, *words: str, **variables: str) -> Finished:
        return self._warm.run(self.clone.root, *words, environment=user_environment(self.home, **variables))


@pytest.fixture
def desk(tmp_path: Path, warm: WarmInvoke) -> Desk:
    return Desk(tmp_path, warm)


def test_it_shows_who_goes_where_and_why_and_what_was_written(desk: Desk) -> None:
    desk.clone.tell("core-logging", "### Removed\n\n- Old things.")
    done = desk.types("bump", "--package", "maestro_core_logging", "--part", "major")
    assert done.code == 0
    lines = done.out.splitlines()
    assert "core-logging 1.0.0 -> 2.0.0" in lines
    assert "    --part major" in lines
    assert "core-config 1.0.0 -> 1.0.1" in lines
    assert "    because it requires maestro-core-logging>=1.0.0,<2, which excludes 2.0.0" in lines
    assert "    maestro-core-logging>=1.0.0,<2 -> maestro-core-logging>=2.0.0,<3" in lines
    assert lines[-1].startswith("5 files written: packages/core-logging/pyproject.toml, ")
    assert desk.types("check", "--all").code == 0


def test_it_shows_the_dependency_groups_that_follow_and_why(desk: Desk) -> None:
    groups = '[dependency-groups]\ndocs = ["maestro-core-logging<2"]\n'
    desk.clone.write("packages/core-api/pyproject.toml", "[dependency-groups]\n", groups)
    desk.clone.write("pyproject.toml", "[project]", f"{groups}\n[project]")
    desk.clone.tell("core-logging")
    words = ("bump", "--package", "core-logging", "--part", "major")
    told = desk.types(*words, "--dry-run", "--json").report
    edit = {
        "group": "docs",
        "package": "core-logging",
        "from": "maestro-core-logging<2",
        "to": "maestro-core-logging>=2.0.0,<3",
        "why": "its group docs requires maestro-core-logging<2, which excludes 2.0.0",
    }
    assert told["groups"] == [{"name": "core-api", **edit}, {"name": None, **edit}]
    lines = desk.types(*words).out.splitlines()
    start = lines.index("core-api: dependency groups")
    assert lines[start : start + 6] == [
        "core-api: dependency groups",
        "    because its group docs requires maestro-core-logging<2, which excludes 2.0.0",
        "    maestro-core-logging<2 -> maestro-core-logging>=2.0.0,<3",
        "the root: dependency groups",
        "    because its group docs requires maestro-core-logging<2, which excludes 2.0.0",
        "    maestro-core-logging<2 -> maestro-core-logging>=2.0.0,<3",
    ]
    assert lines[-1].startswith("7 files written: ")


def test_a_rehearsal_shows_the_edits_and_writes_nothing(desk: Desk) -> None:
    desk.clone.tell("core-logging")
    done = desk.types("bump", "--package", "core-logging", "--part", "minor", "--part", "rc", "--dry-run")
    assert done.code == 0
    assert '-version = "1.0.0"\n+version = "1.1.0rc1"' in done.out
    assert "3 files would be written. Nothing was: this was a rehearsal." in done.out
    assert desk.clone.diff() == []
    assert not (desk.clone.root / ".nexus").exists()


def test_json_is_one_object_and_nothing_else(desk: Desk) -> None:
    desk.clone.tell("core-logging")
    told = desk.types("bump", "--package", "core-logging", "--to", "2.0", "--json").report
    assert (told["command"], told["ok"], told["exit_code"], told["dry_run"]) == ("bump", True, 0, False)
    assert [(each["name"], each["from"], each["to"]) for each in told["packages"]] == [
        ("core-logging", "1.0.0", "2.0"),
        ("core-config", "1.0.0", "1.0.1"),
    ]
    assert told["packages"][1]["why"][0]["kind"] == "dependent"
    assert told["packages"][1]["requirements"] == [
        {
            "package": "core-logging",
            "extra": None,
            "from": "maestro-core-logging>=1.0.0,<2",
            "to": "maestro-core-logging>=2.0,<3",
        }
    ]
    assert "packages/core-logging/CHANGELOG.md" in told["files"]


def test_all_refusals_come_together_with_exit_code_three(desk: Desk) -> None:
    done = desk.types("bump", "--all", "--part", "minor", "--json")
    assert done.code == 3
    assert [(each["package"], each["code"]) for each in done.report["problems"]] == [
        ("core-logging", "VS01"),
        ("core-config", "VS01"),
        ("core-api", "VS01"),
    ]
    assert "Refused; nothing was written." in desk.types("bump", "--all", "--part", "minor").out
    assert desk.clone.diff() == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--package", "core-logging"), "VS08"),
        (("--package", "core-logging", "--auto", "--part", "minor"), "VS08"),
        (("--package", "core-logging", "--part", "mayor"), "VS08"),
        (("--package", "core-logging", "--to", "one"), "VS08"),
        (("--package", "core-logging", "--auto", "--override", "because"), "VS08"),
        (("--package", "core-loging", "--auto"), "WS14"),
        (("--auto",), "WS15"),
    ],
)
def test_words_that_say_nothing_clear_are_wrong_usage(desk: Desk, words: tuple[str, ...], code: str) -> None:
    done = desk.types("bump", *words)
    assert done.code == 2
    assert f"{code}: " in done.err


def test_a_break_is_said_by_check_refused_by_bump_and_sized_by_auto(desk: Desk) -> None:
    assert desk.types("publish", "--all").code == 0
    assert desk.types("check", "--api").code == 0
    desk.clone.write(INIT, "whom", "who")
    desk.clone.tell("core-logging")
    checked = desk.types("check", "--api", "--json")
    assert checked.code == 1
    assert {each["code"] for each in json.loads(checked.out)["findings"]} == {"PK22"}
    assert "maestro_core_logging.greet(whom): parameter was removed" in checked.out
    assert desk.types("check").code == 0
    refused = desk.types("bump", "--changed", "--part", "patch")
    assert refused.code == 3
    assert "VS06" in refused.out
    assert "maestro_core_logging.greet(whom): parameter was removed" in refused.out
    excuse = '[tool.maestro.exceptions]\nPK22 = { core-logging = "nobody ever called it by name" }\n\n[project]'
    desk.clone.write("pyproject.toml", "[project]", excuse)
    for words in (("check",), ("check", "--api")):
        assert desk.types(*words).code == 0
    desk.clone.write("pyproject.toml", excuse, "[project]")
    assert "core-logging 1.0.0 -> 2.0.0" in desk.types("bump", "--all", "--auto").out
    assert desk.types("check", "--api").code == 0
    commit_all(desk.clone.root)
    assert desk.types("publish", "--changed").code == 0


def test_an_override_is_shown_and_recorded(desk: Desk) -> None:
    assert desk.types("publish", "--all").code == 0
    desk.clone.write(INIT, "whom", "who")
    desk.clone.tell("core-logging")
    words = ("bump", "--package", "core-logging", "--part", "minor", "--override", "Nobody called it by name.")
    done = desk.types(*words)
    assert done.code == 0
    assert "although it breaks maestro_core_logging.greet(whom)" in done.out
    assert "Nobody called it by name." in (desk.clone.root / "packages/core-logging/CHANGELOG.md").read_text()
    assert desk.types("check", "--api").code == 0
