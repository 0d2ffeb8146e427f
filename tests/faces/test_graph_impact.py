"""`invoke graph --impact NAME`: the tree and every published version, each with what it makes of the release."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from observed_index import observed_index

if TYPE_CHECKING:
    from pathlib import Path

    from desks import Desk
    from publishers import Finished


def write(desk: Desk, name: str, version: str, logging: str) -> None:
    """Give a package a version, and its requirement on core-logging another range."""
    manifest = desk.root / f"packages/{name}/pyproject.toml"
    text = re.sub(
        r'^version = ".*"', f'version = "{version}"', manifest.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    text = re.sub(r'"maestro-core-logging[^"]*"', f'"maestro-core-logging{logging}"', text)
    manifest.write_text(text, encoding="utf-8")


def told(done: Finished) -> list[tuple[str, str, str, str]]:
    assert done.code == 0, done.said
    return [
        (each["distribution"].removeprefix("maestro-"), each["version"], each["where"], each["reaction"])
        for each in done.report["impact"]
    ]


def test_published_versions_are_told_beside_the_tree(desk: Desk, tmp_path: Path) -> None:
    with observed_index(tmp_path / "index") as index:
        for version, logging in (("1.0.0", ">=1.0"), ("1.1.0", ">=1.0,<2"), ("1.2.0", "==1.0.0")):
            write(desk, "core-config", version, logging)
            assert desk.types("publish", "--all", "--json", **index.variables).code == 0
        write(desk, "core-config", "1.3.0", "~=1.0")
        anybody = {"NEXUS_URL": index.variables["NEXUS_URL"]}
        words = ("graph", "--impact", "maestro_core_logging", "--json")
        assert told(desk.types(*words, **anybody)) == [
            ("core-api", "1.0.0", "tree", "unpinned"),
            ("core-config", "1.3.0", "tree", "bounded"),
            ("core-api", "1.0.0", "index", "unpinned"),
            ("core-config", "1.2.0", "index", "pins"),
            ("core-config", "1.1.0", "index", "bounded"),
            ("core-config", "1.0.0", "index", "unpinned"),
        ]
        assert [row[-1] for row in told(desk.types(*words, "--to", "2.0.0", **anybody))] == [
            *("unpinned", "excludes", "unpinned", "excludes", "excludes", "unpinned")
        ]
        table = desk.types("graph", "--impact", "core-logging", "--to", "2.0.0", **anybody).out.splitlines()
        assert table[0].endswith("core-logging 2.0.0")
        assert table[1].split("  ")[-1] == "takes, unpinned"
        assert '>=1.0.0; extra == "log"' in table[1]
        assert table[-1] == "3 excludes, 3 takes, unpinned."


def test_without_an_index_the_tree_is_told_and_nothing_is_begun(desk: Desk) -> None:
    assert {row[2] for row in told(desk.types("graph", "--impact", "core-logging", "--json"))} == {"tree"}
    assert not (desk.root / ".nexus").exists()
    assert desk.types("graph", "--impact", "core-api").out == "Nobody needs maestro-core-api.\n"


def test_an_index_that_does_not_answer_is_an_error_and_not_an_empty_answer(desk: Desk) -> None:
    done = desk.types("graph", "--impact", "core-logging", NEXUS_URL="http://127.0.0.1:9")
    assert (done.code, "IX02" in done.err, done.out) == (1, True, "")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--impact", "core-loging"), "WS14"),
        (("--impact", "core-logging", "--to", "next"), "IM01"),
        (("--to", "2.0.0"), "IM01"),
        (("--impact", "core-logging", "--format", "svg"), "ST07"),
    ],
)
def test_wrong_words_are_refused(desk: Desk, words: tuple[str, ...], code: str) -> None:
    refused = desk.types("graph", *words)
    assert (refused.code, code in refused.err) == (2, True)


def test_the_impact_can_be_written_to_a_file(desk: Desk) -> None:
    picture = desk.root / "impact.txt"
    assert desk.types("graph", "--impact", "core-logging", "--output", str(picture)).code == 0
    assert "maestro-core-config" in picture.read_text(encoding="utf-8")
