"""The README runs, from top to bottom."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mktestdocs import check_md_file  # type: ignore[import-untyped]

if TYPE_CHECKING:
    import pytest

README = Path(__file__).parents[1] / "README.md"


def test_every_python_block_of_the_readme_runs(
    redis_url: str, redis_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("PREFIX", redis_prefix)
    check_md_file(str(README), memory=True)


def test_the_readme_says_how_to_install_it() -> None:
    assert "pip install maestro-cache" in README.read_text(encoding="utf-8")
