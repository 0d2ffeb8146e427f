"""The commands of RELEASING.md, and of the README about releases, as somebody types them who has read it."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from publishers import ROOT, Finished

if TYPE_CHECKING:
    from releasers import Releaser

PAGE = (ROOT / "RELEASING.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHELL = re.compile(r"^```sh\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def reader(releaser: Releaser) -> Releaser:
    """Somebody whose packages are released at 1.0.0, and who has made a change to one."""
    assert releaser.release("--all", "--publish", "--push").code == 0
    releaser.edit(
        "packages/core-logging/src/maestro_core_logging/__init__.py",
        '__all__ = ["greet"]\n',
        '__all__ = ["greet", "part"]\n\n\ndef part(whom: str) -> str:\n    """Say goodbye."""\n    return whom\n',
    )
    releaser.tell_changelog("core-logging", "### Added\n\n- `part`.")
    return releaser


def typed(who: Releaser, script: str) -> Finished:
    """Run lines in a shell, each of which has to succeed."""
    words = ["/bin/sh", "-e", "-c", script]
    done = subprocess.run(words, cwd=who.root, env=who.environment, capture_output=True, text=True, check=False)
    return Finished(code=done.returncode, out=done.stdout, err=done.stderr)


def test_each_command_of_the_page_does_what_the_page_says(reader: Releaser) -> None:
    scripts = SHELL.findall(PAGE)
    assert len(scripts) > 4
    for script in scripts:
        before = reader.tags(reader.remote)
        done = typed(reader, script)
        assert done.code == 0, f"{script}{done.said}"
        if "--dry-run" in script or " release " not in script:
            assert reader.tags(reader.remote) == before
    assert reader.tags(reader.remote)["core-logging-v1.1.0"] == reader.git("rev-parse", "main", at=reader.remote)
    assert reader.index is not None
    files = {
        each["file"]: each["sha256"]
        for each in json.loads((reader.root.parent / "manifest.json").read_bytes())["files"]
    }
    assert files.items() <= reader.index.pages()["maestro-core-logging"].items()
    assert "- `part`." in (reader.root.parent / "notes.md").read_text(encoding="utf-8")


def test_the_readme_shows_a_rehearsal_that_works(reader: Releaser) -> None:
    (script,) = [each for each in SHELL.findall(README) if "invoke release" in each]
    done = typed(reader, script)
    assert (done.code, "core-logging 1.0.0 -> 1.1.0" in done.said) == (0, True), done.said


def test_the_page_is_one_page() -> None:
    assert len(PAGE.splitlines()) < 90
