"""The README runs, from top to bottom."""

from __future__ import annotations

from pathlib import Path

from mktestdocs import check_md_file  # type: ignore[import-untyped]

README = Path(__file__).parents[1] / "README.md"


def test_every_python_block_of_the_readme_runs() -> None:
    check_md_file(str(README), memory=True)


def test_the_readme_says_how_to_install_it() -> None:
    assert "pip install maestro-monitoring" in README.read_text(encoding="utf-8")
