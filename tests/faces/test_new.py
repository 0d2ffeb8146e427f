"""`invoke new NAME`: right at birth, or not there at all."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from desks import Desk
from factories import make_package
from originals import THREE, Packages, runnable_workspace
from publishers import ROOT, user_environment

from tooling.plan.new_package import NewPackage
from tooling.plan.new_package_texts import files_of

if TYPE_CHECKING:
    from pathlib import Path

    from warm_invoke import WarmInvoke


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--needs", "core-api", "--needs", "maestro_core_logging"),
        ("--description", 'Says "yes" \\ or | no: it costs 3 € # {really}'),
        ("--description", "x" * 400),
    ],
    ids=["nothing", "needs", "signs", "long"],
)
def test_a_new_package_passes_every_rule_and_publishes(desk: Desk, words: tuple[str, ...]) -> None:
    made = desk.types("new", "brand-new", *words, "--json")
    assert made.code == 0, made.said
    assert all((desk.root / path).is_file() for path in made.report["files"])
    checked = desk.types("check", "--all")
    assert checked.code == 0, checked.out
    published = desk.types("publish", "--all", "--json")
    assert published.code == 0, published.said
    assert "brand-new" in {each["name"] for each in published.report["packages"]}


def test_its_changelog_has_the_day_it_was_made(desk: Desk) -> None:
    earliest = datetime.now(UTC).date() - timedelta(days=1)
    desk.types("new", "brand-new")
    text = (desk.root / "packages/brand-new/CHANGELOG.md").read_text(encoding="utf-8")
    found = re.search(r"^## \[1\.0\.0\] - (\S+)$", text, re.MULTILINE)
    assert found
    assert earliest <= datetime.fromisoformat(found[1]).date() <= earliest + timedelta(days=2)


def test_its_row_is_where_the_alphabet_has_it_and_nothing_else_changes(desk: Desk) -> None:
    before = (desk.root / "README.md").read_text(encoding="utf-8").splitlines()
    for name in ("zebra", "core", "aa"):
        assert desk.types("new", name, "--description", f"Is {name}.").code == 0
    after = (desk.root / "README.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in after if line not in before] == [
        f"| [maestro-{name}](packages/{name}) | 1.0.0 | Is {name}. |" for name in ("aa", "core", "zebra")
    ]
    assert [line for line in after if line in before] == before
    assert desk.types("check", "--all").code == 0


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Core_Cache", "core-cache"),
        ("maestro-cache", "cache"),
        ("maestro_core.cache", "core-cache"),
        ("a--b", "a-b"),
        ("tooling", None),
        ("1st", None),
        ("../x", None),
        ("naïve", None),
        ("", None),
        ("x" * 40, "x" * 39),
    ],
)
def test_a_bad_name_gets_a_sentence_and_leaves_nothing(desk: Desk, name: str, meant: str | None) -> None:
    before = desk.holds()
    refused = desk.types("new", name)
    assert (refused.code, "NP01" in refused.err) == (2, True)
    assert re.findall(r"Did you mean (\S+)\?", refused.err) == ([meant] if meant else [])
    assert desk.holds() == before


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("core-api",), "NP02"),
        (("brand-new", "--description", "two\nlines"), "NP03"),
        (("brand-new", "--description", "  "), "NP03"),
        (("brand-new", "--needs", "core-apo"), "WS14"),
    ],
)
def test_wrong_words_are_refused_and_leave_nothing(desk: Desk, words: tuple[str, ...], code: str) -> None:
    before = desk.holds()
    refused = desk.types("new", *words)
    assert (refused.code, code in refused.err) == (2, True)
    assert desk.holds() == before


def test_needs_that_run_on_no_common_python_are_refused(desk: Desk) -> None:
    packages: Packages = {**THREE, "old": {"pythons": ("3.9",)}, "only-new": {"pythons": ("3.14",)}}
    runnable_workspace(desk.root, packages)
    for name, capped in (("old", ">=3.9,<3.10"), ("only-new", ">=3.14")):
        manifest = desk.root / f"packages/{name}/pyproject.toml"
        text = re.sub('requires-python = ".*"', f'requires-python = "{capped}"', manifest.read_text(encoding="utf-8"))
        manifest.write_text(text, encoding="utf-8")
    refused = desk.types("new", "brand-new", "--needs", "old", "--needs", "only-new")
    assert (refused.code, "NP04" in refused.err) == (2, True)
    assert desk.types("new", "brand-new", "--needs", "only-new").code == 0
    made = (desk.root / "packages/brand-new/pyproject.toml").read_text(encoding="utf-8")
    assert 'requires-python = ">=3.14"' in made


def test_a_rehearsal_makes_nothing(desk: Desk) -> None:
    before = desk.holds()
    rehearsed = desk.types("new", "brand-new", "--dry-run")
    assert "would be made: packages/brand-new/pyproject.toml" in rehearsed.out
    assert desk.holds() == before


@pytest.mark.parametrize(
    ("path", "text"), [("LICENSE", None), ("README.md", "# Words\n")], ids=["no licence", "no table"]
)
def test_a_root_that_lacks_something_is_told_so(desk: Desk, path: str, text: str | None) -> None:
    (desk.root / path).unlink()
    if text is not None:
        (desk.root / path).write_text(text, encoding="utf-8")
    before = desk.holds()
    refused = desk.types("new", "brand-new")
    assert (refused.code, "NP05" in refused.err) == (3, True)
    assert desk.holds() == before


def test_a_place_that_cannot_be_taken_leaves_the_readme_as_it_was(desk: Desk) -> None:
    """A link to nowhere is seen by nobody who asks whether the place is free, and a folder cannot take its place."""
    (desk.root / "packages/brand-new").symlink_to(desk.root / "nowhere")
    before = desk.holds()
    failed = desk.types("new", "brand-new")
    assert (failed.code, "NP06" in failed.err) == (1, True)
    assert desk.holds() == before


def test_files_that_cannot_grow_leave_nothing(desk: Desk) -> None:
    """As on a full disk: the limit on a file's size lets every file of the package be written, and not the README."""
    readme = desk.root / "README.md"
    readme.write_text(readme.read_text(encoding="utf-8") + "\nWords.\n" * 1000, encoding="utf-8")
    before = desk.holds()
    limited = f"ulimit -f 4; exec {sys.executable} -m invoke new brand-new"
    failed = subprocess.run(
        ["bash", "-c", limited],
        cwd=desk.root,
        env=user_environment(desk.home, PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (failed.returncode, "NP06" in failed.stderr) == (1, True), failed.stderr
    assert desk.holds() == before


def test_whoever_is_killed_at_any_moment_types_it_again_and_it_ends_well(
    desk: Desk, warm: WarmInvoke, tmp_path: Path
) -> None:
    whole = desk.types("new", "brand-new")
    assert whole.code == 0
    wanted = desk.holds()
    for step in range(1, 200):
        other = Desk(tmp_path / f"killed-{step}", warm)
        killed = other.types_and_is_killed(step, "new", "brand-new")
        if killed.code == 0:
            break
        again = other.types("new", "brand-new")
        assert (again.code, "NP02" in again.err) in {(0, False), (2, True)}, again.said
        assert other.holds() == wanted, step
    assert step > len(whole.out.splitlines()), "it was killed before each file"


def test_texts_have_no_line_that_a_formatter_would_change_for_its_length() -> None:
    made = NewPackage(
        name="x" * 39,
        description="y" * 300,
        needs=(make_package("z" * 39),),
        pythons=("3.11",),
        license="MIT",
        license_text="",
        test_group=("pytest>=9",),
        born=datetime.now(UTC).date(),
    )
    long = [line for path, text in files_of(made).items() if path.endswith(".py") for line in text.splitlines()]
    assert max(map(len, long)) <= 120
